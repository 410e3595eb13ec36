"""Every setting stands in README with its default and its meaning, and nothing stands there that is none."""

import re

from config.env import Env
from tests.house import settings_table, tree


def test_readme_has_the_settings_as_they_are() -> None:
    assert settings_table.in_readme() == settings_table.table(), (
        "python3 -m tests.house.settings_table writes it"
    )


def test_every_setting_says_what_it_is_for() -> None:
    assert not [name for name, field in Env.model_fields.items() if not field.description]


def test_what_the_code_reads_is_declared() -> None:
    declared = set(Env.model_fields)
    for path in tree.modules():
        for name in re.findall(r"\bENV\.([A-Z][A-Z_]+)\b", tree.text(path)):
            assert name in declared, f"{path} reads {name}"


def test_what_is_declared_is_read() -> None:
    themselves = {"config/declared.py", "config/env.py"}
    product = "\n".join(tree.text(path) for path in tree.modules() if str(path) not in themselves)
    assert not [name for name in Env.model_fields if not re.search(rf"\b{name}\b", product)]
