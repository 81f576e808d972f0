"""Philox4x32-10 and what BatchEval.Core.Randomness makes of it, in Python's integers and doubles; prints the numbers that PhiloxTests holds.

Formulas: Salmon, Moraes, Dror, Shaw, SC 2011 (checked with the known answers of Random123); Box-Muller of (w + 1/2) / 2^32.
    python3 tools/golden/noise.py
"""
import math
import struct

M0, M1, W0, W1, MASK = 0xD2511F53, 0xCD9E8D57, 0x9E3779B9, 0xBB67AE85, 0xFFFFFFFF


def philox(key, counter):
    k0, k1 = key & MASK, key >> 32
    c = list(counter)
    for _ in range(10):
        p0, p1 = M0 * c[0], M1 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k0, p1 & MASK, (p0 >> 32) ^ c[3] ^ k1, p0 & MASK]
        k0, k1 = (k0 + W0) & MASK, (k1 + W1) & MASK
    return c


def noise(seed, sample, draw, count):
    out = []
    for block in range((count + 3) // 4):
        w = philox(seed, (block, draw, sample & MASK, sample >> 32))
        for a, b in ((w[0], w[1]), (w[2], w[3])):
            radius, angle = math.sqrt(-2 * math.log((a + 0.5) / 2**32)), 2 * math.pi * (b + 0.5) / 2**32
            out += [radius * math.cos(angle), radius * math.sin(angle)]
    return out[:count]


class Stream:
    def __init__(self, key, stream):
        self.key, self.stream, self.words, self.position = key, stream, [], 0

    def word(self):
        if not self.words:
            self.words = philox(self.key, (self.position & MASK, self.position >> 32, self.stream & MASK, self.stream >> 32))
            self.position += 1
        return self.words.pop(0)

    def double(self):
        high = self.word() >> 5
        return ((high << 26) | (self.word() >> 6)) / 2**53

    def integer(self, bound):
        while True:  # Lemire 2019: the low half of the product below 2^32 mod bound is drawn again
            product = self.word() * bound
            if product % 2**32 >= (2**32) % bound:
                return product >> 32

    def gaussians(self):
        u = self.double()
        radius, angle = math.sqrt(-2 * math.log(1 - u)), 2 * math.pi * self.double()
        return [radius * math.cos(angle), radius * math.sin(angle)]


def shuffle(stream, items, count):
    for i in range(count):
        j = i + stream.integer(len(items) - i)
        items[i], items[j] = items[j], items[i]
    return items


assert philox(0x299F31D0A4093822, (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344)) == [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]
SEED = 0x0123456789ABCDEF
print("noise, sample 17, draw 3:", noise(SEED, 17, 3, 6))
print("noise, sample 2^32 + 17, draw 3:", noise(SEED, 2**32 + 17, 3, 6))
print("labels of 1000, samples 0 to 5 and 2^32:", [(philox(SEED, (0, MASK, s & MASK, s >> 32))[0] * 1000) >> 32 for s in (0, 1, 2, 3, 4, 5, 2**32)])
s = Stream(SEED, 0x1122334455667788)
print("words:", [hex(s.word()) for _ in range(9)])
s = Stream(SEED, 0x1122334455667788)
print("doubles:", [s.double() for _ in range(3)])
s = Stream(SEED, 0x1122334455667788)
print("gaussians:", s.gaussians() + s.gaussians())
s = Stream(SEED, 5)
print("integers below 2^31 - 1, 3 * 2^29, 7:", [s.integer(b) for b in (2**31 - 1, 3 * 2**29, 7) * 4])
print("shuffle:", shuffle(Stream(SEED, 6), list(range(10)), 4), shuffle(Stream(SEED, 6), list(range(10)), 10))
s, n, words = Stream(SEED, 7), 0, 0
while n < 200:
    before = s.position * 4 - len(s.words)
    value = s.integer(3 * 2**29)
    n += 1
    words += s.position * 4 - len(s.words) - before
print("200 integers below 3 * 2^29: words", words, "last", value)


def stream_key(purpose, *coordinates):
    """FNV-1a over UTF-16 code units and the eight bytes of each integer, then the finaliser of SplitMix64."""
    mask, h = 2**64 - 1, 14695981039346656037
    for unit in struct.unpack(f"<{len(purpose)}H", purpose.encode("utf-16-le")):
        h = (h ^ unit) * 1099511628211 & mask
    for c in coordinates:
        for byte in struct.pack("<q", c):
            h = (h ^ byte) * 1099511628211 & mask
    h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9 & mask
    h = (h ^ (h >> 27)) * 0x94D049BB133111EB & mask
    return h ^ (h >> 31)


print("stream keys:", hex(stream_key("search")), hex(stream_key("rung", 3, -1, 2**40)))
