// Colours of numbers, safe for the colour-blind: blue – neutral – orange where signs are mixed, else dark blue to yellow (as cividis).

const SCALES = {
  light: {
    diverging: ["#0b3c8c", "#5b93d6", "#f6f6f4", "#ee9a4d", "#8f3a00"],
    sequential: ["#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838"],
  },
  dark: {
    diverging: ["#9cc7ff", "#2f6fc4", "#1b1f26", "#c9661a", "#ffc285"],
    sequential: ["#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838"],
  },
};

function themeName() {
  return document.documentElement.dataset.theme === "dark" ? "dark" : "light";
}

function channels(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

// The colour at 0 … 1 of a scale, as [red, green, blue].
function colourAt(stops, share) {
  const place = Math.min(1, Math.max(0, share)) * (stops.length - 1);
  const below = Math.min(stops.length - 2, Math.floor(place));
  const [low, high] = [channels(stops[below]), channels(stops[below + 1])];
  return low.map((value, i) => Math.round(value + (high[i] - value) * (place - below)));
}

function isDiverging(low, high) {
  return low < 0 && high > 0;
}

function scaleFor(low, high) {
  return SCALES[themeName()][isDiverging(low, high) ? "diverging" : "sequential"];
}

// The colour of every byte, for 256 shades at once.
function palette(low, high) {
  const stops = scaleFor(low, high);
  return Array.from({ length: 256 }, (_, byte) => colourAt(stops, byte / 255));
}

// Low and high of exact numbers, symmetric where signs are mixed, so that 0 is neutral.
function rangeOf(data) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of data) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 0];
  if (isDiverging(low, high)) ((high = Math.max(high, -low)), (low = -high));
  return [low, high];
}

function byteOf(value, low, high) {
  return high > low ? Math.round(((value - low) / (high - low)) * 255) : 128;
}
