"""Makes before.png and original.png from the public-domain photograph.

    python3 make_before.py /usr/share/palapeli/collection/cincinnati-bridge.jpg

Both pictures show the same view, W x H pixels: original.png through a perfect lens, before.png
through one that obeys lens.h.  A pixel of before.png at distorted radius d shows what
original.png has at the radius u with d = u (1 + k1 u^2 + k2 u^4), found by Newton's method.
Both are averages of 4 x 4 bicubic samples of the photograph.
SPDX-License-Identifier: Apache-2.0
"""

import sys

import numpy
from PIL import Image
from scipy.ndimage import map_coordinates

W, H, K1, K2, S = 640, 468, -0.16, 0.012, 4
UNIT = numpy.hypot(W, H) / 2  # pixels per unit of radius, as in lens.h


def undistort(d):
    u = d.copy()
    for _ in range(30):
        u -= (u * (1 + K1 * u**2 + K2 * u**4) - d) / (1 + 3 * K1 * u**2 + 5 * K2 * u**4)
    return u


def picture(photo, zoom, lens):
    """S x S samples per pixel; zoom is in photograph pixels per pixel at the centre."""
    y, x = numpy.mgrid[0 : H * S, 0 : W * S]
    y, x = (y + 0.5) / S - H / 2, (x + 0.5) / S - W / 2
    r = numpy.maximum(numpy.hypot(y, x) / UNIT, 1e-9)
    grow = zoom * (undistort(r) / r if lens else 1)
    at = [y * grow + photo.shape[0] / 2 - 0.5, x * grow + photo.shape[1] / 2 - 0.5]
    planes = [map_coordinates(photo[..., c], at, order=3, mode="nearest") for c in range(3)]
    fine = numpy.stack(planes, -1).reshape(H, S, W, S, 3).mean((1, 3))
    return Image.fromarray(fine.round().clip(0, 255).astype("uint8"))


photo = numpy.asarray(Image.open(sys.argv[1]).convert("RGB")).astype(float)
corner = undistort(numpy.ones(1))[0]
zoom = min(photo.shape[0] / H, photo.shape[1] / W) / corner
print(f"the corner of before.png looks at radius {corner:.3f}; {zoom:.3f} photograph pixels a pixel")
picture(photo, zoom, True).save("before.png", optimize=True)
picture(photo, zoom, False).save("original.png", optimize=True)
