"""Khmer script to Latin letters, by sound, as Cambodian registry offices spell names.

A letter-by-letter table cannot do this: the same vowel sign is read differently after the two series
of consonants (ដា is "da", ធា is "thea"), and vowels that are not written must be supplied. Only single
words come in here; whole names and other scripts are the business of `names`.
"""

from typing import NamedTuple

# Consonant → (letters, first series?). The first series reads ា as "a", the second as "ea".
_CONSONANTS = {
    "ក": ("k", True), "ខ": ("kh", True), "គ": ("k", False), "ឃ": ("kh", False), "ង": ("ng", False),
    "ច": ("ch", True), "ឆ": ("chh", True), "ជ": ("ch", False), "ឈ": ("chh", False), "ញ": ("nh", False),
    "ដ": ("d", True), "ឋ": ("th", True), "ឌ": ("d", False), "ឍ": ("th", False), "ណ": ("n", True),
    "ត": ("t", True), "ថ": ("th", True), "ទ": ("t", False), "ធ": ("th", False), "ន": ("n", False),
    "ប": ("b", True), "ផ": ("ph", True), "ព": ("p", False), "ភ": ("ph", False), "ម": ("m", False),
    "យ": ("y", False), "រ": ("r", False), "ល": ("l", False), "វ": ("v", False), "ឝ": ("s", True),
    "ឞ": ("s", True), "ស": ("s", True), "ហ": ("h", True), "ឡ": ("l", True), "អ": ("", True),
}  # fmt: skip
# Consonants that take over the series of what stands before them instead of setting their own.
_SONORANTS = frozenset("ងញនមយរលវ")
_VELARS = frozenset("កខគឃ")

# Vowel sign → (after the first series, after the second series).
_VOWELS = {
    "ា": ("a", "ea"), "ិ": ("i", "i"), "ី": ("ey", "i"), "ឹ": ("i", "i"), "ឺ": ("eu", "eu"),
    "ុ": ("o", "u"), "ូ": ("o", "u"), "ួ": ("uo", "uo"), "ើ": ("oeu", "eu"), "ឿ": ("oeu", "oeu"),
    "ៀ": ("ie", "ie"), "េ": ("e", "e"), "ែ": ("e", "e"), "ៃ": ("ai", "ey"), "ោ": ("o", "o"),
    "ៅ": ("ao", "ov"),
}  # fmt: skip
_INDEPENDENT = {
    "ឣ": "a", "ឤ": "a", "ឥ": "i", "ឦ": "ey", "ឧ": "u", "ឨ": "uk", "ឩ": "u", "ឪ": "ov", "ឫ": "ri",
    "ឬ": "reu", "ឭ": "li", "ឮ": "leu", "ឯ": "e", "ឰ": "ai", "ឱ": "o", "ឲ": "o", "ឳ": "au",
}  # fmt: skip

_COENG = "្"  # the next consonant is written below
_TO_FIRST, _TO_SECOND = "៉", "៊"  # change the series
_SHORT, _SILENT, _ROBAT, _SAMYOK = "់", "៍", "៌", "័"
_NASAL, _BREATH, _STOP = "ំ", "ះ", "ៈ"


class _Cluster(NamedTuple):
    base: str
    below: str
    signs: frozenset[str]
    vowel: str  # dependent vowel signs in writing order; "" when none is written

    @property
    def bare(self) -> bool:
        """Nothing says which vowel follows: it is supplied, or there is none."""
        return not self.vowel and not self.signs & {_NASAL, _BREATH, _STOP, _SAMYOK}


def _clusters(word: str) -> list[_Cluster]:
    found: list[_Cluster] = []
    place = 0
    while place < len(word):
        base = word[place]
        place += 1
        if base not in _CONSONANTS and base not in _INDEPENDENT:
            continue  # a stray sign, a digit, another script
        below, vowel, signs = "", "", set()
        # Keyboards produce the signs of one cluster in any order; here the order means nothing.
        while place < len(word):
            sign = word[place]
            if sign == _COENG:
                if place + 1 < len(word) and word[place + 1] in _CONSONANTS:
                    below += word[place + 1]
                    place += 1
            elif sign in _VOWELS:
                vowel += sign
            elif sign in _CONSONANTS or sign in _INDEPENDENT or not "\u17b4" <= sign <= "\u17dd":
                break
            else:
                signs.add(sign)
            place += 1
        # Below a stack, only the lower letter is silent, and a stack that closes a word loses it anyway.
        if below or _SILENT not in signs:
            found.append(_Cluster(base, below, frozenset(signs), vowel))
    return found


def _first_series(cluster: _Cluster, before: _Cluster | None, before_first: bool) -> bool:
    if _TO_FIRST in cluster.signs:
        return True
    if _TO_SECOND in cluster.signs:
        return False
    # The strongest consonant of a stack decides; a nasal or liquid never outvotes a stop.
    for letter in cluster.below[::-1] + cluster.base:
        if letter in _CONSONANTS and letter not in _SONORANTS:
            return _CONSONANTS[letter][1]
    # After a syllable whose vowel is not written, its series carries on: រតនា is "ratana".
    if before is not None and before.bare and cluster.base in _CONSONANTS:
        return before_first
    return _CONSONANTS.get(cluster.base, ("", True))[1]


def _hardens(below: str) -> bool:
    # ប is "b" alone and "p" before another stop or a liquid: ប្រាក់ is "prak", បុប្ផា is "bopha".
    return below[:1] in {"រ", "ល"} or (below != "" and below[0] not in _SONORANTS)


def _consonants(cluster: _Cluster, *, final: bool) -> str:
    letters = _INDEPENDENT.get(cluster.base) or _CONSONANTS[cluster.base][0]
    if cluster.base == "ប" and (_TO_FIRST in cluster.signs or final or _hardens(cluster.below)):
        letters = "p"
    if cluster.base == "ហ" and cluster.below.startswith("វ"):
        return "f"
    if final:  # the letters below are written for their history and not spoken: ពេជ្រ is "pech"
        return "t" if letters == "d" else letters
    below = "".join(_CONSONANTS[letter][0] for letter in cluster.below)
    return letters + ("d" + below[1:] if cluster.base == "ក" and cluster.below[:1] == "ត" else below)  # ភក្តី, "pheakdey"


def _supplied(cluster: _Cluster, following: _Cluster | None, *, first: bool, following_final: bool) -> str:
    """The vowel that is spoken and not written."""
    if following is None:
        return "a" if first else "o"
    if following.below:
        return "ea" if not first and following.base in _VELARS else "a"
    return "o" if following_final else "a"


def _written(cluster: _Cluster, following: _Cluster | None, *, first: bool) -> str:
    vowel = "".join(_VOWELS[sign][0 if first else 1] for sign in cluster.vowel[:1])
    if _SAMYOK in cluster.signs:
        if following is not None and following.base == "យ":
            vowel = "a" if first else "e"
        else:
            vowel = "ea" if not first and following is not None and following.base in _VELARS else "a"
    if _NASAL in cluster.signs:
        vowel = {"": "a" if first else "o", "ea": "a"}.get(vowel, vowel) + "m"
    if _STOP in cluster.signs:
        vowel = (vowel or "a") + "k"  # the closing catch is spelled: វណ្ណៈ is "Vannak"
    if _BREATH in cluster.signs:
        vowel = (vowel or "a") + "h"
    return vowel


def romanise_khmer(word: str) -> str:
    """One Khmer word in lower-case Latin letters: សុខ is "sokh", ស្រី is "srey", ចាន់ is "chan"."""
    clusters = _clusters(word.replace("ៗ", ""))
    last = len(clusters) - 1
    spoken: list[str] = []
    before: _Cluster | None = None
    before_first, before_open = True, False  # open: the syllable before may still take a closing consonant
    for place, cluster in enumerate(clusters):
        following = clusters[place + 1] if place < last else None
        first = _first_series(cluster, before, before_first)
        if cluster.base in _INDEPENDENT:
            spoken.append(_consonants(cluster, final=False) + _written(cluster, following, first=first))
            before_open = True
        elif not cluster.bare:
            vowel = _written(cluster, following, first=first)
            if place == last and place and cluster.vowel == "ិ" and cluster.below and not cluster.signs:
                spoken.append(_consonants(cluster, final=True))  # សម្បត្តិ is "sambat"
                continue
            if before is not None and cluster.base == "យ" and before.vowel == "ិ" and vowel == "ea":
                vowel = "a"  # សូរិយា is "soriya"
            spoken.append(_consonants(cluster, final=False) + vowel)
            before_open = not cluster.signs & {_NASAL, _BREATH, _STOP}
        else:
            following_final = place + 1 == last and following is not None and following.bare
            closes = (
                before_open
                and (
                    place == last
                    or _SHORT in cluster.signs
                    or (
                        before is not None
                        and bool(before.vowel)
                        and not following_final
                        and not cluster.below
                        # A stack that cannot begin a syllable closes this one: សុគន្ធា is "so-kun-thea".
                        and (following is None or following.below[:1] in {"", "រ", "ល", "យ", "វ"})
                    )
                )
            )
            if closes:
                spoken.append(_consonants(cluster, final=place == last or _SHORT in cluster.signs))
                before_open = False
            else:
                supplied = _supplied(cluster, following, first=first, following_final=following_final)
                spoken.append(_consonants(cluster, final=False) + supplied)
                before_open = True
        before, before_first = cluster, first
    return "".join(spoken)
