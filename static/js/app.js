/* Small helps around htmx; every page works without this file. The only place that knows htmx's event names.
   - focus is never lost by a swap: same id, else [data-focus], else the swapped region's heading, else the h1
   - a <details> with an id stays as open as it was
   - [data-announce] text ("polite" or "assertive") and the "announce" event go to the two live regions
   - a hidden tab asks for nothing, and one that nobody has touched for half an hour rests until somebody does
   - [data-title] in a swapped fragment becomes the tab's title
   - times come in UTC and become the reader's own; UTC stays on hover and for screen readers
   - [data-copy="id"] copies the text of that element; [data-warn-unsaved] guards a changed form */
(() => {
  "use strict";
  const doc = document;
  const byId = (id) => id && doc.getElementById(id);
  const said = {};
  let held = null;
  let opened = [];

  function say(text, level) {
    const region = byId(level === "assertive" ? "live-assertive" : "live-polite");
    text = (text || "").replace(/\s+/g, " ").trim();
    if (!region || !text) return;
    // Emptied first: the same words said again later are a change, and so are read again.
    region.textContent = "";
    setTimeout(() => { region.textContent = text; }, 50);
  }

  // A polled fragment repeats its words at every tick; they are said when they change.
  function sayOnce(element) {
    const level = element.dataset.announce;
    if (said[level] === element.textContent) return;
    said[level] = element.textContent;
    say(said[level], level);
  }

  function focusOn(element) {
    if (!element) return false;
    if (!element.matches("a[href], button, input, select, textarea, summary, [tabindex]")) {
      element.setAttribute("tabindex", "-1");
    }
    element.focus();
    return doc.activeElement === element;
  }

  // The words of the server's own dates, in its order.
  const date = new Intl.DateTimeFormat("en-US", { day: "numeric", month: "short", year: "numeric" });
  const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZoneName: "short" });

  function toLocal(time) {
    const at = new Date(time.dateTime);
    const words = clock.format(at);
    time.removeAttribute("data-utc");
    if (words.endsWith("UTC")) return;
    const parts = time.querySelectorAll("span");
    if (parts.length > 1) {
      const found = {};
      date.formatToParts(at).forEach(({ type, value }) => { found[type] = value; });
      parts[0].textContent = `${found.day} ${found.month} ${found.year},`;
    }
    parts[parts.length - 1].textContent = words;
    const utc = doc.createElement("span");
    utc.className = "visually-hidden";
    utc.textContent = ` (${time.title})`;
    time.append(utc);
  }

  const tellTimes = () => doc.querySelectorAll("time[data-utc]").forEach(toLocal);

  function read(region) {
    const each = (name, act) => {
      if (region.matches(`[${name}]`)) act(region);
      region.querySelectorAll(`[${name}]`).forEach(act);
    };
    each("data-announce", sayOnce);
    each("data-title", (e) => { doc.title = e.dataset.title; });
    each("data-copy", (e) => { e.hidden = !navigator.clipboard; });
  }

  function trouble(shown) {
    const banner = byId("trouble");
    if (!banner || banner.hidden === !shown) return;
    banner.hidden = !shown;
    if (shown) say(banner.textContent, "assertive");
  }

  // Nobody has moved for this long: what polls rests, and says so.
  const REST = 30 * 60 * 1000;
  let touched = Date.now();
  const isResting = () => Date.now() - touched > REST;

  function rest(shown) {
    const banner = byId("resting");
    if (banner) banner.hidden = !shown;
  }

  ["pointerdown", "pointermove", "keydown", "scroll", "focus"].forEach((name) => {
    addEventListener(name, () => { touched = Date.now(); rest(false); }, { capture: true, passive: true });
  });

  const on = (name, act) => doc.addEventListener(name, act);
  const polls = (element) => (element.getAttribute("hx-trigger") || "").includes("every");

  on("htmx:configRequest", (e) => {
    const token = doc.querySelector("meta[name=csrf-token]");
    if (token && e.detail.verb !== "get") e.detail.headers["X-CSRFToken"] = token.content;
  });
  on("htmx:beforeRequest", (e) => {
    // A hidden tab asks for nothing; the next tick after it is shown again does.
    if (polls(e.detail.elt) && (doc.hidden || isResting())) {
      if (isResting()) rest(true);
      return e.preventDefault();
    }
    e.detail.target.setAttribute("aria-busy", "true");
  });
  on("htmx:afterRequest", (e) => {
    e.detail.target.removeAttribute("aria-busy");
    if (e.detail.successful) trouble(false);
  });
  on("htmx:beforeSwap", (e) => {
    const active = doc.activeElement;
    held = active && active !== doc.body && e.detail.target.contains(active)
      ? { id: active.id, start: active.selectionStart, end: active.selectionEnd } : null;
    opened = [...e.detail.target.querySelectorAll("details[id][open]")].map((one) => one.id);
  });
  // Before the browser paints what came.
  on("htmx:afterSwap", tellTimes);
  on("htmx:afterSettle", (e) => {
    const region = e.detail.elt.isConnected ? e.detail.elt : byId(e.detail.elt.id) || doc.body;
    const wanted = region.querySelector(".error-summary[data-focus]");
    opened.forEach((id) => { const same = byId(id); if (same) same.open = true; });
    opened = [];
    read(region);
    if (e.detail.boosted) focusOn(byId("page-title"));
    else if (wanted) focusOn(wanted);
    else if (held && doc.activeElement === doc.body) {
      const same = byId(held.id);
      if (focusOn(same)) {
        try { same.setSelectionRange(held.start, held.end); } catch { /* not a text field */ }
      } else {
        focusOn(region.querySelector("[data-focus]")) || focusOn(region.querySelector("h1, h2, h3, caption, legend"))
          || focusOn(byId("page-title"));
      }
    }
    held = null;
  });
  on("htmx:responseError", () => trouble(true));
  on("htmx:sendError", () => trouble(true));
  on("announce", (e) => say(e.detail.text || e.detail.value, e.detail.level));

  on("click", (e) => {
    const button = e.target.closest && e.target.closest("[data-copy]");
    const source = button && byId(button.dataset.copy);
    if (!source) return;
    navigator.clipboard.writeText(source.textContent).then(() => {
      say(button.dataset.copied);
      button.querySelector("[data-copy-label]").textContent = button.dataset.copied;
    }, () => {
      getSelection().selectAllChildren(source);
    });
  });

  let unsaved = false;
  on("input", (e) => { if (e.target.closest("form[data-warn-unsaved]")) unsaved = true; });
  on("submit", () => { unsaved = false; });
  addEventListener("beforeunload", (e) => { if (unsaved) e.preventDefault(); });

  const start = () => {
    tellTimes();
    read(doc.body);
    const summary = doc.querySelector(".error-summary[data-focus]");
    if (summary) focusOn(summary);
  };
  if (doc.readyState === "loading") on("DOMContentLoaded", start);
  else start();
})();
