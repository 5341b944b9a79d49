"""The script of the page as HTML: a click on a heading sorts its table.

Without it, headings are text and rows stand in the order of their report.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

# Numbers begin with the greatest; what is empty stays at the end, and a text below its row with it
SCRIPT = """
const collator = new Intl.Collator(document.documentElement.lang, {numeric: true});
for (const table of document.querySelectorAll("table.sorted")) {
  const body = table.tBodies[0];
  const groups = [];
  for (const row of body.rows) {
    if (row.className === "below") groups.at(-1).push(row);
    else groups.push([row]);
  }
  [...table.tHead.rows[0].cells].forEach((head, place) => {
    if (!head.textContent) return;
    const isText = head.className === "";
    const value = ([row]) => {
      const {dataset, textContent} = row.cells[place];
      if (isText || textContent === "") return textContent;
      return Number(dataset.v ?? textContent.replace(/[ ,%]/g, ""));
    };
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const wasUp = head.ariaSort === "ascending";
      const isUp = head.ariaSort ? !wasUp : isText;
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
      const sign = isUp ? 1 : -1;
      groups.sort((one, two) => {
        const [a, b] = [value(one), value(two)];
        if (a === "" || b === "") return (a === "") - (b === "");
        return sign * (isText ? collator.compare(a, b) : a - b);
      });
      body.append(...groups.flat());
    });
  });
}
"""
# What the page lets run, and nothing else (Content Security Policy)
SOURCE = f"'sha256-{b64encode(sha256(SCRIPT.encode()).digest()).decode()}'"
