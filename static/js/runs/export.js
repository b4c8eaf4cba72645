/** The way from a selection to a file. */

/** Let the browser save the chosen runs: a form of its own, since the answer is a file and no page. */
export function save(button, ids) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = button.dataset.address;
  form.hidden = true;
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  for (const [name, value] of [["csrfmiddlewaretoken", token], ["run_ids", [...ids].join("\n")]]) {
    const field = document.createElement("textarea");
    field.name = name;
    field.value = value;
    form.append(field);
  }
  document.body.append(form);
  form.submit();
  form.remove();
}
