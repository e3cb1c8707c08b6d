"""One look for all pictures: the colours and the sizes.

The colours are Okabe and Ito's, which people with any kind of colour vision can tell apart (Okabe and Ito, "Color universal design",
2008). Nothing is said by colour alone.
"""

from matplotlib.colors import LinearSegmentedColormap

BLUE, ORANGE, GREEN, PINK = "#0072B2", "#D55E00", "#007A5C", "#B0528F"  # the last two a little darker, to be read as letters
INK, GREY, FAINT, TRACK = "#1A1A1A", "#595959", "#767676", "#E6E6E6"
MARGIN, GAP = 0.4, 0.14  # inches
TITLE, SUBTITLE, TEXT, SMALL = 15.0, 10.5, 10.0, 8.5  # points
RIGHT, WRONG = "✓", "✗"

BLUES = LinearSegmentedColormap.from_list("minidl_blues", ["#FFFFFF", "#B5D6EA", "#3D97CB", BLUE, "#00527F"])
GREYS = LinearSegmentedColormap.from_list("minidl_greys", ["#FFFFFF", "#EEF1F3", "#D5DBE0", "#B4BEC6"])
ORANGES = LinearSegmentedColormap.from_list("minidl_oranges", ["#FFFFFF", "#F9D5B5", "#EC8F4B", ORANGE, "#A64900"])
HEAT = LinearSegmentedColormap.from_list("minidl_heat", ["#FFFFFF", "#FDE3B0", "#F6A44C", "#D55E00", "#7A1E00"])
DIVERGING = LinearSegmentedColormap.from_list("minidl_diverging", ["#00446B", BLUE, "#9CC9E3", "#F7F7F7", "#F2BC90", ORANGE, "#7A3600"])
