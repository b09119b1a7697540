"""Angles brought within a quarter turn, and sine and cosine there: for sin, cos and tan.

``x = q pi/2 + r`` with ``|r| <= pi/4``. Everyday angles take three steps with parts of pi/2
(Cody and Waite 1980), of which the first is exact. Of large ones, which are rare, the turns
``x / (2 pi)`` are formed in integers (Payne and Hanek 1983): whole turns fall off the top of the
words, so that only the bits of ``2/pi`` that matter to the exponent of x are multiplied. No finite
x of either format lies nearer to a multiple of pi/2 than the fraction kept here resolves.
"""

import math

from ...compiler.plugin import (
    abs_,
    bitcast,
    cast,
    float32,
    float64,
    fma,
    int32,
    int64,
    rarely,
    select,
    uint32,
    uint64,
)
from ...compiler.scalar.expression import literal
from .double_word import fast_two_sum, times, two_product
from .polynomial import FORMATS, as_real, nearest_whole, polynomial

# The first 1168 bits of 2/pi.
TWO_OVER_PI = int(
    "A2F9836E4E441529FC2757D1F534DDC0DB6295993C439041FE5163ABDEBBC561B7246E3A4"
    "24DD2E006492EEA09D1921CFE1DEB1CB129A73EE88235F52EBB4484E99C7026B45F7E4139"
    "91D639835339F49C845F8BBDF9283B1FF897FFDE05980FEF2F118B5A0A6D1F6D367ECF27C"
    "B09B74F463F669E5FEA2D7527BAC7EBE5F17B3D0739F78A5292EA6BFB5FB11F8D5D085603",
    16,
)
TWO_OVER_PI_BITS = 1168

LOW_32 = 0xFFFFFFFF

# Angles up to which pi/2 in three parts leaves enough of them, and these parts.
EVERYDAY = {float32: 2.0**16, float64: 2.0**28}
HALF_PI = {
    float32: (1.5707963705062866, -4.371138828673793e-08, -1.7151245100058819e-15),
    float64: (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33),
}

# 2 pi 2^-64 as a sum of two floats: from 2^-64 turns to radians.
RADIANS = (2 * math.pi * 2.0**-64, 2.4492935982947064e-16 * 2.0**-64)

# Minimax on r^2 <= (pi/4)^2 of (sin(r) - r) / r^3: errors 4e-9 and 4e-18 of sin.
SINE = {
    float32: (-0.16666654991619598618, 0.0083321802051282964108, -0.00019517503651091761289),
    float64: (
        *(-0.16666666666666632771, 0.0083333333333225515805, -0.00019841269829897062059),
        *(2.7557313718132708843e-6, -2.5050761695461034935e-8, 1.589698045885066396e-10),
    ),
}
# Likewise of (cos(r) - 1 + r^2/2) / r^4: errors 1e-10 and 5e-20.
COSINE = {
    float32: (0.041666646878686480811, -0.0013887367874529460419, 0.000024438472294087510789),
    float64: (
        *(0.041666666666666600265, -0.0013888888888874237448, 0.000024801587289543217606),
        *(-2.7557314367880253576e-7, 2.0875725169216888115e-9, -1.1359737026954526222e-11),
    ),
}


def by_quarters(x, value):
    """``value(q, r, low)`` for abs(x) as quarter turns, an integer scalar, and ``r + low``.

    NaN at infinities.
    """
    size = abs_(x)
    far = value(*(_turned_32(size) if x.dtype is float32 else _turned_64(size)))
    rare = select(size < math.inf, far, math.nan)
    return rarely(size > EVERYDAY[x.dtype], rare, value(*_everyday(size)))


def _everyday(x):
    """Quarter turns of an angle up to `EVERYDAY`, and the angle left as a sum of two."""
    n, q = nearest_whole(x, 2 / math.pi)
    first, second, third = HALF_PI[x.dtype]
    left = fma(n, -first, x)
    step, step_low = two_product(n, second)
    r, low = fast_two_sum(left, -step)
    return q, r, fma(n, -third, low - step_low)


def sine_and_cosine(r, low):
    """Of ``r + low`` with ``|r| <= pi/4``, to 0.8 ulp."""
    square = r * r
    sine = r + fma(r * square, polynomial(square, SINE[r.dtype]), low)
    if r.dtype is float32:
        return sine, polynomial(square, (1.0, -0.5, *COSINE[float32]))
    half = 0.5 * square
    whole = 1 - half
    rest = fma(square * square, polynomial(square, COSINE[r.dtype]), -(r * low))
    return sine, whole + (((1 - whole) - half) + rest)


def signed(value, bits):
    """`value` with its sign changed where the highest of `bits` is set."""
    integer = bits.dtype
    top = bits & literal(-(2 ** (integer.bits - 1)), integer)
    return bitcast(bitcast(value, integer) ^ top, value.dtype)


def _turned_64(x):
    """Quarter turns, and the angle left as a sum of two float64."""
    m, position = _significand(x, int64)
    words = _window(bitcast(position, uint64), 3)
    limbs = [part for word in words for part in (word >> 32, word & LOW_32)]
    m = bitcast(m, uint64)
    upper, lower = m >> 32, m & LOW_32
    # Columns of 32 bits from the top; what is below 128 bits is only carried from.
    by_lower = [lower * limb for limb in limbs[:5]]
    by_upper = [upper * limb for limb in limbs[1:]]
    column = (by_lower[4] >> 32) + (by_upper[4] >> 32)
    columns = []
    for i in (3, 2, 1, 0):
        column = column + (by_lower[i] & LOW_32) + (by_upper[i] & LOW_32)
        if i:
            carried = (by_lower[i] >> 32) + (by_upper[i] >> 32)
            columns.append(column & LOW_32)
            column = carried + (column >> 32)
        else:
            columns.append(column)
    fourth, third, second, first = columns
    q, left = _quarters(bitcast((first << 32) | second, int64))
    real = [as_real(part, float64) for part in (left >> 32, left & LOW_32)]
    fine = [as_real(bitcast(part, int64), float64) for part in (third, fourth)]
    high, low = fast_two_sum(real[0] * 2.0**32, real[1])
    high, low = fast_two_sum(high, low + fma(fine[1], 2.0**-64, fine[0] * 2.0**-32))
    return q, *times(high, low, *RADIANS)


def _turned_32(x):
    """Quarter turns, and the angle left as a sum of two float32, by way of float64."""
    m, position = _significand(x, int32)
    words = [cast(word, uint64) for word in _window(bitcast(position, uint32), 3)]
    m = cast(bitcast(m, uint32), uint64)
    total = ((m * words[0]) << 32) + m * words[1] + ((m * words[2]) >> 32)
    q, left = _quarters(bitcast(total, int64))
    angle = cast(left, float64) * RADIANS[0]
    high = cast(angle, float32)
    return cast(q, int32), high, cast(angle - cast(high, float64), float32)


def _significand(x, integer):
    """``m, s`` with ``x = m 2^(s - digits - 1)`` for x >= 1."""
    form = FORMATS[x.dtype]
    bits = bitcast(x, integer)
    m = (bits & (2**form.digits - 1)) | 2**form.digits
    return m << 1, (bits >> form.digits) - form.bias


def _window(position, count):
    """`count` words of ``2/pi / 4`` from the bit at `position` on, counted from the whole turns.

    The word is chosen by the bits of its number, the largest first: each choice leaves the words
    that the later ones can still reach.
    """
    unsigned = position.dtype
    size = unsigned.bits
    form = FORMATS[float32 if size == 32 else float64]
    levels = (form.bias + 1).bit_length() - size.bit_length()
    kept = _table(unsigned, form, count + 2**levels)
    number = position >> (size.bit_length() - 1)
    for step in (2**level for level in reversed(range(levels))):
        far = (number & step) != 0
        kept = [select(far, kept[i + step], kept[i]) for i in range(count + step)]
    shift = position & (size - 1)
    back = (size - 1) - shift
    return [(kept[i] << shift) | ((kept[i + 1] >> 1) >> back) for i in range(count)]


def _table(unsigned, form, count):
    """Words of ``2/pi / 4`` behind ``digits + 1`` zeros: significands are whole numbers."""
    size = unsigned.bits
    excess = form.digits + 3 + TWO_OVER_PI_BITS - size * count
    bits = TWO_OVER_PI >> excess if excess >= 0 else TWO_OVER_PI << -excess
    words = [(bits >> (size * (count - 1 - i))) & (2**size - 1) for i in range(count)]
    return [literal(word, unsigned) for word in words]


def _quarters(turns):
    """The nearest quarter of a 64-bit fraction of a turn, and the signed rest of it."""
    q = (turns + 2**61) >> 62
    return q & 3, turns - (q << 62)
