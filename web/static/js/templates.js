// Markup lives in the page's <template>s; this makes copies of it.

export const byId = (id) => document.getElementById(id);

export const clone = (id) => byId(id).content.firstElementChild.cloneNode(true);

// Shows a message where an error belongs; an empty one hides it.
export function showError(element, message = "") {
  element.textContent = message;
  element.hidden = !message;
}
