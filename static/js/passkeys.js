/* Passkeys: a form with data-passkey asks the device first and is sent with its answer in the field "credential".
   data-passkey: "create" or "get"; data-options: the id of the element with the options as JSON, or
   data-options-url: where to fetch them. [data-passkey-off] is what stands there where passkeys do not work. */
(() => {
  "use strict";
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  async function options(form) {
    const { options: id, optionsUrl: url } = form.dataset;
    const found = url ? await (await fetch(url, { headers: { Accept: "application/json" } })).json()
      : JSON.parse(document.getElementById(id).textContent);
    const key = (found.creation_options || found.request_options).publicKey;
    key.challenge = bytes(key.challenge);
    if (key.user) key.user.id = bytes(key.user.id);
    for (const one of [...(key.excludeCredentials || []), ...(key.allowCredentials || [])]) one.id = bytes(one.id);
    const alone = form.elements.passwordless;
    if (alone) {
      const wanted = alone.checked ? "required" : "discouraged";
      Object.assign(key.authenticatorSelection, {
        residentKey: wanted, requireResidentKey: alone.checked, userVerification: alone.checked ? "required" : "preferred",
      });
    }
    return key;
  }

  function answer(found) {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (found.response[name]) response[name] = text(found.response[name]);
    }
    return JSON.stringify({
      id: found.id, rawId: text(found.rawId), type: found.type, response,
      clientExtensionResults: found.getClientExtensionResults(),
    });
  }

  document.querySelectorAll("form[data-passkey]").forEach((form) => {
    if (!window.PublicKeyCredential) return;
    const said = form.querySelector("[data-passkey-said]");
    form.querySelectorAll("[data-passkey-off]").forEach((one) => { one.hidden = true; });
    form.querySelectorAll("[data-passkey-on]").forEach((one) => { one.hidden = false; });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      said.textContent = "";
      try {
        const publicKey = await options(form);
        form.elements.credential.value = answer(await navigator.credentials[form.dataset.passkey]({ publicKey }));
        form.submit();
      } catch (error) {
        said.textContent = error.name === "InvalidStateError" ? said.dataset.known : said.dataset.failed;
      }
    });
  });
})();
