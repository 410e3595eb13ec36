/* The reference of the API: each call can be tried in place, with a token of a test environment. Without this script
   the page reads the same. What a call takes comes from the OpenAPI document, fetched at the first try. */
(() => {
  "use strict";
  const root = document.getElementById("reference");
  let token = "";
  let account = "";
  let loading;

  const load = () => {
    loading ??= fetch(root.dataset.openapi).then((answer) => answer.json());
    return loading;
  };

  const make = (name, attributes = {}, ...inside) => {
    const found = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, value);
    found.append(...inside);
    return found;
  };

  const input = (form, id, label, name, value = "", kind = "text") => {
    const field = make("input", { id: `${id}-${name}`, name, type: kind, autocomplete: "off", spellcheck: "false" });
    field.value = value;
    form.append(make("div", { class: "field" }, make("label", { for: field.id }, label), field));
    return field;
  };

  /* A body to begin with: each field with the simplest value of its type. */
  const example = (api, schema) => {
    if (schema.$ref) return example(api, api.components.schemas[schema.$ref.split("/").pop()]);
    if (schema.default !== undefined && schema.default !== null) return schema.default;
    if (schema.anyOf) return example(api, schema.anyOf[0]);
    if (schema.enum) return schema.enum[0];
    if (schema.type === "object") {
      const must = schema.required || [];
      const names = Object.keys(schema.properties || {}).filter((name) => must.includes(name));
      return Object.fromEntries(names.map((name) => [name, example(api, schema.properties[name])]));
    }
    return { array: [], integer: 0, number: 0, boolean: false }[schema.type] ?? "";
  };

  const build = async (details) => {
    const api = await load();
    const [method, path] = details.dataset.call.split(" ");
    const call = api.paths[path][method.toLowerCase()];
    const id = `try-${details.id}`;
    const form = make("form", { class: "stack", "aria-label": `Try ${method} ${path}` });
    const secret = input(form, id, "Token of a test environment (pb_test_…)", "token", token, "password");
    const places = (call.parameters || []).filter((one) => one.in === "path").map((one) => [one.name, input(form, id, one.name, one.name)]);
    const takes = (call.parameters || []).some((one) => one.name === "integrated_account_id");
    const linked = takes ? input(form, id, "integrated_account_id", "account", account) : null;
    const query = input(form, id, "More of the query (limit=5&…)", "query");
    let body;
    const content = call.requestBody && call.requestBody.content["application/json"];
    if (content) {
      body = make("textarea", { id: `${id}-body`, name: "body", rows: "6", spellcheck: "false" });
      body.value = JSON.stringify(example(api, content.schema), null, 2);
      form.append(make("div", { class: "field" }, make("label", { for: body.id }, "Body (JSON)"), body));
    }
    const send = make("button", { class: "button", type: "submit" }, "Send");
    const said = make("pre", { tabindex: "0", role: "status", "aria-label": "Answer" });
    const box = make("div", { class: "code", hidden: "" }, said);
    form.append(send, box);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      box.hidden = false;
      token = secret.value.trim();
      account = linked ? linked.value.trim() : account;
      if (!token.startsWith("pb_test_")) {
        said.textContent = "Only a token that begins with pb_test_ is used here: it cannot reach real people.";
        return;
      }
      const address = places.reduce((all, [name, field]) => all.replace(`{${name}}`, encodeURIComponent(field.value.trim())), path);
      const wanted = [linked && account && `integrated_account_id=${encodeURIComponent(account)}`, query.value.trim()];
      const asked = wanted.filter(Boolean).join("&");
      send.disabled = true;
      try {
        const answer = await fetch(asked ? `${address}?${asked}` : address, {
          method,
          credentials: "omit",
          headers: { Authorization: `Bearer ${token}`, ...(body ? { "Content-Type": "application/json" } : {}) },
          body: body ? body.value : undefined,
        });
        const text = await answer.text();
        let shown = text;
        try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: as it is */ }
        said.textContent = `${answer.status} ${answer.statusText}\n${shown}`.slice(0, 20000);
      } catch {
        said.textContent = "There was no answer. Is Patchbay still running?";
      }
      send.disabled = false;
    });
    return form;
  };

  root.querySelectorAll("details[data-call]").forEach((details) => {
    const button = make("button", { class: "button button-quiet button-small", type: "button" }, "Try it");
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        const form = await build(details);
        button.replaceWith(form);
        form.elements.token.focus();
      } catch {
        button.disabled = false;
      }
    });
    details.append(button);
  });
  const here = location.hash && document.getElementById(location.hash.slice(1));
  if (here && here.tagName === "DETAILS") here.open = true;
})();
