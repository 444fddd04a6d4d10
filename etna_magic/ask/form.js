// Runs in the page, once for each form that is drawn, with the form's style element as its argument.
// It does what ipywidgets cannot: names the group, keeps the cursor, reads messages out, shows a password.
// Without it the form still works, by the kernel alone.
(style) => {
  const form = style.closest(".etna-login");
  if (!form || form.getAttribute("role") === "group") return; // scrolled out of sight, and back
  const find = (selector) => form.querySelector(selector);
  form.setAttribute("role", "group");
  form.tabIndex = -1;
  // Keys that are pressed in the form are no commands of JupyterLab's, which would cut the cell.
  form.dataset.lmSuppressShortcuts = "true";
  // Only a region that stays while its text changes is read out. An error brings a role of its own.
  find(".etna-said .widget-html-content")?.setAttribute("role", "status");

  const describe = () => {
    form.setAttribute("aria-labelledby", find(".etna-who")?.id ?? "");
    const error = find(".etna-error");
    for (const input of form.querySelectorAll(".widget-text input")) {
      const field = input.closest(".widget-text");
      input.autocomplete = field.classList.contains("etna-code") ? "one-time-code" : "off";
      input.autocapitalize = "off";
      input.spellcheck = false; // some spell checkers ask a server
      const isWrong = Boolean(error) && field.classList.contains("etna-wrong");
      input.toggleAttribute("required", true);
      isWrong ? input.setAttribute("aria-invalid", "true") : input.removeAttribute("aria-invalid");
      isWrong ? input.setAttribute("aria-describedby", error.id) : input.removeAttribute("aria-describedby");
    }
  };

  // What has the cursor may be disabled or replaced at any moment; then its place in the form is kept.
  let last = null;
  const isUsable = (element) => element.isConnected && !element.disabled;
  const keepCursor = () => {
    if (!last || isUsable(last) || document.activeElement !== document.body) return;
    const box = last.closest(".etna-remember") && find(".etna-remember input:enabled");
    if (box) return box.focus();
    const inputs = [...form.querySelectorAll(".widget-text input:enabled")];
    (inputs.find((input) => input.getAttribute("aria-invalid")) ?? inputs.find((input) => !input.value) ?? form).focus();
  };
  form.addEventListener("focusin", (event) => (last = event.target));
  form.addEventListener("focusout", () =>
    setTimeout(() => {
      if (last && isUsable(last) && !form.contains(document.activeElement)) last = null; // it was left
    }),
  );
  new MutationObserver(() => {
    describe();
    keepCursor();
  }).observe(form, { childList: true, subtree: true, attributeFilter: ["class", "disabled"] });
  describe();

  // A password is shown in the page alone: no message goes to the kernel.
  const show = () => {
    const box = find(".etna-show input");
    const input = find(".etna-shown input");
    if (box && input) input.type = box.checked ? "text" : "password";
  };
  form.addEventListener("change", (event) => event.target.closest(".etna-show") && show());
  form.addEventListener("focusin", show); // a field may be a new one
  // The field keeps the cursor: leaving it would hand its text to the kernel, and clear it.
  form.addEventListener("mousedown", (event) => event.target.closest(".etna-show") && event.preventDefault());
  form.addEventListener(
    "keydown",
    (event) => event.key === "Escape" && !event.isComposing && find(".etna-cancel:enabled")?.click(),
    true, // before the fields, which keep their keys to themselves
  );
}
