"""Follows a plan step by step, as the provider would, and says everything that is wrong with it.

People of one group that no step tells apart are followed as one. Written from the rules alone, without the planner's
own counting: what each call may carry, who may travel, who is on a list that serves as a source, what is finished.
"""

import itertools
from collections import defaultdict
from dataclasses import dataclass, field

from syncjobs.planner import EVERY_LIST, IMPORTS, SCRATCH, Kind, Plan, Step, Wanted
from syncjobs.planner.wanted import People

ONE_BY_ONE = {Kind.PUT_CONTACT, Kind.READ_MERGE_WRITE, Kind.SIGN_UP, Kind.OPT_OUT}


@dataclass
class Segment:
    """People of one group that all steps treat alike, and what has happened to them so far."""

    people: People
    first: int
    count: int
    lists: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    on: set[str] = field(default_factory=set)
    off: set[str] = field(default_factory=set)
    written: bool = False
    known: bool = False
    deleted: bool = False
    unsubscribed: bool = False
    signed_up: bool = False
    cleared: bool = False


def problems(plan: Plan, wanted: Wanted) -> list[str]:
    """Everything that is wrong; empty for a good plan."""
    return Follower(plan, wanted).run()


class Follower:
    def __init__(self, plan: Plan, wanted: Wanted) -> None:
        self.plan, self.wanted, self.limits = plan, wanted, wanted.limits
        self.found: list[str] = []
        self.scratch_stands = False
        self.scratch: set[int] = set()
        cuts: dict[str, set[int]] = defaultdict(set)
        for step in plan.steps:
            for one in step.cargo:
                cuts[one.key] |= {one.first, one.first + one.count}
        self.segments: list[Segment] = []
        self.of: dict[str, list[int]] = defaultdict(list)
        for people in wanted.people:
            edges = sorted(cuts[people.key] | {0, people.count})
            for start, end in itertools.pairwise(edges):
                self.of[people.key].append(len(self.segments))
                self.segments.append(Segment(people, start, end - start, known=people.with_ids))

    def say(self, step: Step, text: str) -> None:
        self.found.append(f"{step.kind} onto {step.lists} {step.tags}: {text}")

    def run(self) -> list[str]:
        for at, step in enumerate(self.plan.steps):
            if any(not 0 <= one < at for one in step.after):
                self.say(step, "waits for a later step")
            self.follow(step)
        if self.scratch_stands:
            self.found.append("the scratch list stays")
        for one in self.segments:
            self.judge(one)
        return self.found

    def members(self, step: Step) -> list[tuple[int, bool]]:
        chosen = []
        for one in step.cargo:
            inside = [
                at for at in self.of[one.key] if one.first <= self.segments[at].first < one.first + one.count
            ]
            if sum(self.segments[at].count for at in inside) != one.count:
                self.say(step, f"{one.key} has no such people")
            chosen += [(at, one.whole) for at in inside]
        return chosen

    def follow(self, step: Step) -> None:
        if step.kind is Kind.CREATE_SCRATCH:
            if self.scratch_stands or not self.wanted.scratch_allowed:
                self.say(step, "not allowed")
            self.scratch_stands, self.scratch = True, set()
        elif step.kind is Kind.DELETE_SCRATCH:
            self.scratch_stands = False
        elif step.kind is Kind.EMPTY_SCRATCH:
            self.scratch = set()
        elif step.kind in IMPORTS:
            self.import_(step)
        elif step.kind in ONE_BY_ONE or step.kind is Kind.LOOK_UP:
            self.one_by_one(step)
        else:
            self.mark(step)

    def import_(self, step: Step) -> None:
        targets = set(step.lists)
        members = self.members(step)
        if not 1 <= len(targets) <= self.limits.list_ids or (SCRATCH in targets and not self.scratch_stands):
            self.say(step, "onto no list, too many, or one that is not there")
        rows = sum(self.segments[at].count for at, _ in members)
        json = step.kind is Kind.IMPORT_JSON
        size = sum(self.bytes(at, whole, json) for at, whole in members)
        most = self.limits.json_rows if json else self.limits.csv_rows
        room = self.limits.body_bytes - self.limits.overhead
        if rows > step.calls * most or size > step.calls * room:
            self.say(step, f"{rows} rows of {size} bytes in {step.calls}")
        if not json and len({whole for _, whole in members}) > 1:
            self.say(step, "whole rows and addresses in one CSV")
        for at, whole in members:
            one = self.segments[at]
            people = one.people
            if not people.listable or people.opts_out or people.signed_up:
                self.say(step, f"{people.key} must not be imported")
            if people.deletes and (targets != {SCRATCH} or whole):
                self.say(step, f"{people.key} is deleted, and put on a list")
            if targets - {SCRATCH} - people.joins - people.on:
                self.say(step, f"{people.key} did not want {targets}")
            if whole and not json and not people.csv_can:
                self.say(step, f"{people.key} cannot be CSV")
            one.written |= whole
            one.lists |= targets - {SCRATCH}
            # Who is put on a list again has not left it.
            one.left -= targets
            if SCRATCH in targets:
                self.scratch.add(at)

    def bytes(self, at: int, whole: bool, json: bool) -> float:
        one = self.segments[at]
        people = one.people
        if whole:
            return (people.json_bytes if json else people.csv_bytes) * one.count / people.count
        return people.address_bytes * one.count / people.count + (13 * one.count if json else 0)

    def one_by_one(self, step: Step) -> None:
        members = self.members(step)
        each = 2 if step.kind is Kind.READ_MERGE_WRITE else 1
        if step.calls != each * sum(self.segments[at].count for at, _ in members):
            self.say(step, "not one call each")
        for at, _ in members:
            one = self.segments[at]
            if step.kind is Kind.LOOK_UP:
                one.known = True
                continue
            if not one.known and step.kind in (Kind.PUT_CONTACT, Kind.OPT_OUT):
                self.say(step, f"{one.people.key} is not known by id")
            one.written = True
            if step.kind is Kind.SIGN_UP:
                one.signed_up = True
                one.lists |= one.people.joins
                continue
            one.cleared |= step.kind is Kind.READ_MERGE_WRITE
            one.unsubscribed |= step.kind is Kind.OPT_OUT
            one.lists |= one.people.joins if one.people.listable and not one.people.opts_out else set()
            one.left |= one.people.leaves
            one.on |= one.people.tags_on
            one.off |= one.people.tags_off

    def mark(self, step: Step) -> None:
        if step.sources:
            chosen = set(self.on_sources(step))
            if step.calls != 1 or len(step.sources) > self.limits.source_lists:
                self.say(step, "too many sources")
        else:
            chosen = {at for at, _ in self.members(step)}
            if any(not self.segments[at].known for at in chosen):
                self.say(step, "somebody's id is not known")
            if step.calls * self.limits.contact_ids < sum(self.segments[at].count for at in chosen):
                self.say(step, "too many ids")
        if len(step.lists) > self.limits.list_ids or len(step.tags) > self.limits.tag_ids:
            self.say(step, "too many targets")
        for at in chosen:
            self.mark_one(step, self.segments[at])
        if step.kind is Kind.REMOVE_LISTS and SCRATCH in step.lists:
            self.scratch -= chosen
        if step.kind is Kind.DELETE_CONTACTS:
            # Deleting takes people off all their lists.
            self.scratch -= chosen

    def on_sources(self, step: Step) -> list[int]:
        chosen = []
        for name in step.sources:
            if name == SCRATCH:
                if not self.scratch_stands:
                    self.say(step, "no scratch list")
                chosen += list(self.scratch)
                continue
            if name not in self.wanted.closed_lists:
                self.say(step, f"{name} holds others, too")
            for at, one in enumerate(self.segments):
                if name in (one.people.on | joined(one.people)) - one.people.leaves:
                    chosen.append(at)
                    if name not in one.lists | one.people.on:
                        self.say(step, f"{one.people.key} is not on {name} yet")
        return chosen

    def mark_one(self, step: Step, one: Segment) -> None:
        people = one.people
        wishes = {
            Kind.REMOVE_LISTS: (set(step.lists) - {SCRATCH}, people.leaves, one.left),
            Kind.TAG_ON: (set(step.tags), people.tags_on, one.on),
            Kind.TAG_OFF: (set(step.tags), people.tags_off, one.off),
            Kind.ADD_LISTS: (set(step.lists), joined(people) | people.on - people.leaves, one.lists),
        }
        if step.kind is Kind.DELETE_CONTACTS:
            if not people.deletes:
                self.say(step, f"{people.key} is deleted")
            one.deleted = True
            return
        if step.kind is Kind.REMOVE_LISTS and step.lists == (EVERY_LIST,):
            if not people.opts_out:
                self.say(step, f"{people.key} is off every list")
            return
        marks, wish, done = wishes[step.kind]
        if marks - wish:
            self.say(step, f"{people.key} did not want {marks - wish}")
        done |= marks

    def judge(self, one: Segment) -> None:
        people = one.people
        if people.deletes:
            if not one.deleted:
                self.found.append(f"{people.key} is not deleted")
            return
        joins = joined(people)
        missing = {
            "values": people.csv_bytes > 0 and not one.written,
            "lists": bool(joins - one.lists),
            "leaving": bool(people.leaves - one.left),
            "tags": bool(people.tags_on - one.on or people.tags_off - one.off),
            "opt-out": people.opts_out and not one.unsubscribed,
            "sign-up": people.signed_up and not people.opts_out and not one.signed_up,
            "clearing": people.clears and not one.cleared,
        }
        self.found += [f"{people.key}: {what} missing" for what, is_missing in missing.items() if is_missing]


def joined(people: People) -> frozenset[str]:
    """Lists that somebody may really be put on."""
    may = (people.listable or people.signed_up) and not people.opts_out and not people.deletes
    return people.joins if may else frozenset()
