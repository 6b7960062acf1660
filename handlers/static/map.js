// Clicking the map fills in the coordinates of the place. Everything else works without this.
"use strict";

const world = document.querySelector(".world");
const latitude = document.querySelector("[name=latitude]");
const longitude = document.querySelector("[name=longitude]");

// The inverse of nestmap/places/projection.py.
function position(x, y) {
  const { width, equator } = world.dataset;
  const height = (equator - y) / (width / (2 * Math.PI));
  const degrees = (Math.atan(Math.exp(0.8 * height)) * 180) / Math.PI;
  return { latitude: 2.5 * degrees - 112.5, longitude: (x / width) * 360 - 180 };
}

function mark(point) {
  const pin = world.querySelector(".candidate");
  pin.setAttribute("transform", `translate(${point.x} ${point.y})`);
  pin.removeAttribute("visibility");
}

if (world && latitude && longitude) {
  document.querySelectorAll("[data-script]").forEach((hint) => { hint.hidden = false; });
  world.classList.add("clickable");
  world.addEventListener("click", (event) => {
    if (event.target.closest("a")) return;
    const matrix = world.getScreenCTM().inverse();
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
    const found = position(point.x, point.y);
    if (Math.abs(found.latitude) > 90 || Math.abs(found.longitude) > 180) return;
    latitude.value = found.latitude.toFixed(2);
    longitude.value = found.longitude.toFixed(2);
    const town = document.querySelector("[name=town]");
    if (town) town.value = "";
    latitude.closest("details")?.setAttribute("open", "");
    mark(point);
  });
}
