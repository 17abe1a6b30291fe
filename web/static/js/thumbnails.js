// Thumbnails that may not be made yet: the server answers 202 without a body, the image fails, and is asked for again.

const FIRST_WAIT_MS = 700;
const LONGEST_WAIT_MS = 5000;
const ATTEMPTS = 14; // about a minute

export function load(img, url, { onLoad = () => {}, onMissing = () => {} } = {}) {
  let attempt = 0;
  img.onload = onLoad;
  img.onerror = () => {
    attempt += 1;
    if (attempt === ATTEMPTS) return onMissing();
    setTimeout(() => { img.src = `${url}?again=${attempt}`; }, Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 1.4 ** attempt));
  };
  img.src = url;
}
