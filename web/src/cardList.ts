/** Shows the cards of a call below its captions, the newest last. */

import { MAX_CARDS, type View, viewOf } from "./cards";
import { element, followEnd, make } from "./dom";

const list = element("cards");

followEnd(list);

/** Forget the cards of the last call. */
export function clearCards(): void {
  list.replaceChildren();
  list.hidden = true;
}

/** Show a card, if it is valid. */
export function showCard(card: unknown): void {
  const view = viewOf(card);
  if (view === undefined) return;
  list.append(shown(view));
  if (list.childElementCount > MAX_CARDS) list.firstElementChild?.remove();
  list.hidden = false;
}

function shown(view: View): HTMLElement {
  const card = make("li", "", { "data-testid": "card", "data-type": view.type });
  card.append(heading(view.title, view.link));
  if (view.image !== undefined) {
    card.append(make("img", "", { src: view.image, alt: view.text, loading: "lazy", referrerpolicy: "no-referrer" }));
  } else if (view.text !== "") {
    card.append(make("p", view.text, { dir: "auto" }));
  }
  if (view.entries.length > 0) card.append(entries(view.entries));
  return card;
}

function entries(of: View["entries"]): HTMLElement {
  const made = make("ul");
  for (const { title, text, link } of of) {
    const entry = make("li");
    entry.append(heading(title, link));
    if (text !== "") entry.append(make("p", text, { dir: "auto" }));
    made.append(entry);
  }
  return made;
}

function heading(title: string, link: string | undefined): HTMLElement {
  if (link === undefined) return make("b", title, { dir: "auto" });
  return make("a", title, { dir: "auto", href: link, target: "_blank", rel: "noopener noreferrer" });
}
