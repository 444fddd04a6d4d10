// Runs in the page, once for each form that is drawn, with the form's style element as its argument.
// It does what ipywidgets cannot: names the group, keeps the cursor, reads messages out, shows a password.
// Without it the form still works, by the kernel alone.
(style) => {
  const form = style.closest(".etna-login");
  if (!form || form.getAttribute("role") === "group") return; // scrolled out of sight, and back
  const find = (selector) => form.querySelector(selector);
  form.setAttribute("role", "group");
  form.tabIndex = -1;
  // Only a region that stays while its text changes is read out. An error brings a role of its own.
  find(".etna-said .widget-html-content")?.setAttribute("role", "status");
  find(".etna-count")?.setAttribute("aria-hidden", "true"); // or each second would be read out

  const describe = () => {
    form.setAttribute("aria-label", find(".etna-who")?.textContent ?? "");
    const error = find(".etna-error");
    // Keys that are pressed here are no commands of JupyterLab's, which would cut the cell.
    for (const one of [form, ...form.querySelectorAll("input, button")]) one.dataset.lmSuppressShortcuts = "true";
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

  // A new form takes the cursor: a password would be typed in clear into the cell that has it. Not so if other
  // cells wait to run, or nobody has done anything in this page, or there is no kernel. Where it was is its home.
  const [cell, notebook] = [form.closest(".jp-Cell"), form.closest(".jp-Notebook")];
  const home = notebook?.contains(document.activeElement) ? document.activeElement.closest(".jp-Cell") : null;
  const mayTakeCursor = () => {
    if (navigator.userActivation?.hasBeenActive === false) return false;
    if (form.classList.contains("jupyter-widgets-disconnected")) return false;
    if (!notebook) return document.activeElement === document.body;
    const prompts = [...notebook.querySelectorAll(".jp-InputPrompt")];
    return !prompts.some((prompt) => prompt.textContent.includes("[*]") && !cell.contains(prompt));
  };
  // Widgets are drawn one after the other; in the place of the others is something that is none.
  const isDrawn = () => find(".widget-text input") && !find(".widget-box > :not(.jupyter-widgets)");

  // What has the cursor may be disabled or replaced at any moment; then its place in the form is kept.
  let isNew = true;
  let last = null;
  let placed = null; // where the cursor was put, until a key is pressed: the mark of the wrong field comes later
  // What is disabled has the cursor until the next frame is drawn, and then nothing has it.
  const isLost = () => [document.body, form, last].includes(document.activeElement) && !isUsable(last);
  const isUsable = (element) => element !== form && element.isConnected && !element.disabled;
  const keepCursor = () => {
    if (isNew && isDrawn()) {
      isNew = false;
      if (mayTakeCursor()) form.focus({ preventScroll: true });
    }
    if (!last || (!isLost() && document.activeElement !== placed)) return;
    const box = last.closest(".etna-remember") && find(".etna-remember input:enabled");
    const inputs = isDrawn() ? [...form.querySelectorAll(".widget-text input:enabled")] : [];
    const empty = inputs.find((input) => !input.value && !input.placeholder); // one that is kept says so
    placed = box || inputs.find((input) => input.getAttribute("aria-invalid")) || empty || inputs.at(-1) || form;
    if (placed !== document.activeElement) placed.focus();
  };
  form.addEventListener("keydown", () => (placed = null), true);
  // At its end the cursor goes home. The region that says what came of it may be gone, so another says it.
  const leave = () => {
    if (last && (document.activeElement === document.body || form.contains(document.activeElement))) {
      const cell = home?.isConnected ? home : notebook?.querySelector(".jp-Cell.jp-mod-active");
      (cell ?? form).focus({ preventScroll: true });
      if (cell) announce(find(".etna-said .widget-html-content")?.textContent ?? "");
    }
    last = null;
    whole.disconnect();
  };
  const announce = (text) => {
    const region = document.body.appendChild(document.createElement("div"));
    region.setAttribute("role", "status");
    region.style.cssText = "position: fixed; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%)";
    setTimeout(() => (region.textContent = text), 100);
    setTimeout(() => region.remove(), 5000);
  };
  const whole = new MutationObserver(() => form.isConnected || leave());
  form.addEventListener("focusin", (event) => {
    last = event.target;
    whole.observe(document.body, { childList: true, subtree: true });
  });
  form.addEventListener("focusout", () =>
    setTimeout(() => {
      if (!last || !isUsable(last) || form.contains(document.activeElement)) return;
      last = null; // it was left
      whole.disconnect();
    }),
  );
  new MutationObserver(() => {
    describe();
    form.classList.contains("etna-ended") ? leave() : keepCursor();
  }).observe(form, { childList: true, subtree: true, attributeFilter: ["class", "disabled"] });
  describe();
  keepCursor();

  // A password is shown in the page alone: no message goes to the kernel.
  const show = () => {
    const box = find(".etna-show input");
    const input = find(".etna-shown input");
    const type = box?.checked ? "text" : "password";
    if (!box || !input || input.type === type) return;
    const [start, end] = [input.selectionStart, input.selectionEnd];
    input.type = type;
    input.getBoundingClientRect(); // some browsers put the cursor first when they draw the new type
    input.setSelectionRange(start, end);
    input.dataset.isUnsent = "true";
  };
  // With its type a field forgets that its text is new, and would not tell when it is left.
  const tell = ({ target }) => {
    if (!target.dataset.isUnsent) return;
    delete target.dataset.isUnsent;
    target.dispatchEvent(new Event("change", { bubbles: true }));
  };
  form.addEventListener("focusout", tell);
  form.addEventListener("change", (event) => event.target.closest(".etna-show") && show());
  form.addEventListener("focusin", show); // a field may be a new one
  // The field keeps the cursor: leaving it would hand its text to the kernel, and clear it.
  form.addEventListener("mousedown", (event) => event.target.closest(".etna-show") && event.preventDefault());
  form.addEventListener(
    "keydown",
    (event) => event.key === "Escape" && !event.isComposing && find(".etna-cancel:enabled")?.click(),
    true, // before the fields, which keep their keys to themselves
  );

  // Enter and a click send all that is in the fields in one message. By themselves the widgets would send one
  // for Enter and one for each field, and hold some of them back.
  const send = (event) => {
    const answers = find(".etna-answers textarea");
    const isComposing = event.isComposing || event.keyCode === 229; // Safari ends it first, and says it by the code
    const isAlone = form.classList.contains("jupyter-widgets-disconnected"); // there is no kernel any more
    if (!answers || !isDrawn() || isComposing || isAlone) return;
    event.preventDefault();
    event.stopPropagation();
    const inputs = [...form.querySelectorAll(".widget-text input")];
    answers.value = JSON.stringify(inputs.map((input) => input.value));
    // What is secret leaves its field, which would send it once more when it is left.
    for (const input of inputs) if (input.closest(".etna-secret")) input.value = "";
    answers.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const isEnter = (event) => event.key === "Enter" && event.target.closest(".widget-text");
  form.addEventListener("keydown", (event) => isEnter(event) && send(event), true);
  form.addEventListener("click", (event) => event.target.closest("button.mod-primary") && send(event), true);
}
