// The controls: tabs for the views, a labelled menu for everything else.
function element(tag, words, attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = words;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function say(words) {
  document.getElementById("status").textContent = words;
}

// A menu in a form: made when first needed, kept (and with it the focus) while its options change,
// hidden where there is nothing to choose.
function menu(form, key, title, options, chosen, words = (value) => value) {
  let select = document.getElementById(key);
  if (!select) {
    const label = element("label", "", { for: key });
    select = element("select", "", { id: key, name: key });
    label.append(element("span", ""), select);
    form.append(label);
    select.addEventListener("change", () => chose({ [key]: select.value }));
  }
  const texts = options.map(words);
  if (texts.join("\n") !== [...select.options].map((option) => option.textContent).join("\n")) {
    select.replaceChildren(...options.map((value, i) => element("option", texts[i], { value })));
  }
  select.value = chosen;
  select.parentNode.firstChild.textContent = title;
  select.parentNode.hidden = options.length < 2;
}

function drawMenus({ state, offers, table, view, idle }) {
  const views = document.getElementById("views");
  if (views.childElementCount !== offers.view.length || views.firstChild.name !== offers.view[0]) {
    views.replaceChildren(...offers.view.map((name) => element("button", VIEWS[name].title, { type: "button", name })));
    for (const tab of views.children) tab.addEventListener("click", () => chose({ view: tab.name }));
  }
  for (const tab of views.children) tab.setAttribute("aria-pressed", tab.name === state.view);

  const column = (name) => content.names[name] ?? name;
  const value = (name) => content.texts[name] ?? name;
  const named = { metric: (name) => table.metrics[name]?.label ?? name.replaceAll("_", " ") };
  const titles = { table: "measured", across: "across", lines: "a line per", order: "order", from: "shown from" };
  if (state.view === "rewinding") titles.epoch = "rewound to epoch";
  const tables = (name) => tableOf(state.experiment, name).title;
  const network = ["experiment", ...RUN];
  const left = Object.keys(offers).filter((key) => ![...network, ...idle, "view"].includes(key));
  const subtracts = (key) => key.startsWith("minus-");
  const forms = { network, choice: left.filter((key) => !subtracts(key)), minus: left.filter(subtracts) };
  for (const label of document.querySelectorAll("header label")) label.hidden = true;
  for (const [id, keys] of Object.entries(forms)) {
    const form = document.getElementById(id);
    for (const key of keys) {
      const title = (titles[key] ?? column(key.replace("minus-", ""))) + (view.heat?.includes(key) ? " (lines)" : "");
      const words = key === "table" ? tables : ["across", "lines"].includes(key) ? column : named[key] ?? value;
      menu(form, key, title, offers[key], state[key], words);
    }
    inOrder(form, keys);
  }
}

// Puts the menus of a form in the order of their names; what is moved would lose the focus.
function inOrder(form, keys) {
  const labels = keys.map((key) => document.getElementById(key).parentNode);
  const there = [...form.children].filter((label) => labels.includes(label));
  if (labels.every((label, i) => label === there[i])) return;
  const focused = document.activeElement;
  form.append(...labels);
  focused.focus();
}
