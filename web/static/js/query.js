// A small copy of the image that is searched for. It stays in this browser's tab: the server forgets the upload.

const SIDE = 240;
const key = (id) => `lookalike-query-${id}`;

export function remember(id, img) {
  if (!img.naturalWidth) return; // a format that this browser cannot show
  const scale = Math.min(1, SIDE / Math.max(img.naturalWidth, img.naturalHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(img.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(img.naturalHeight * scale));
  canvas.getContext("2d").drawImage(img, 0, 0, canvas.width, canvas.height);
  sessionStorage.setItem(key(id), canvas.toDataURL("image/jpeg", 0.8));
}

export const recall = (id) => sessionStorage.getItem(key(id));
