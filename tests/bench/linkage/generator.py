"""Made-up lists of six agencies, the first of two generators. Seeded; no list of real persons was used.

Follows the conditions under which the peers were measured: half of the repeated records are romanised anew by one to
three respellings, 12 % have a typing error in a name, 10 % the names exchanged, a third of the birth dates missing,
year only or 1 January; telephone in 35 %, document in 25 %, mother's name in 40 %. The respellings are what clerks
write, one in seven outside the rules of `spean.lib.names`. `other_generator` is built differently, for judging.
"""

import random
from collections.abc import Iterator
from typing import NamedTuple

Row = dict[str, str]
SOURCES = ["mosvy", "police", "shelter", "embassy", "transit", "clinic"]
# How many records one person has, and how often.
REPEATS = ([1, 2, 3, 4, 5], [0.62, 0.20, 0.10, 0.05, 0.03])

_KHMER_FAMILY = (
    "Sok Chan Chea Kim Heng Ly Seng Chhay Keo Mao Meas Lim Long Sam Prum Pich Noun Oum Sim Som Sun Tep Yim Ouk "
    "Nget Pen Prak Hun Kong Khieu Ros San Say Soeun Suon Svay Tan Thach Touch Vong Yin Chhim Chhun Duong Ek Em "
    "Hak Hem Hor Huot Im In Ith Kang Khat Khem Khorn Koy Kuch Lach Leng Lon Lor Mam Men Mok Mom Neang Neth Nhem "
    "Nhim Norn Oeun Orn Pang Pao Pech Phan Phal Phon Pok Pov Sar Sao Sen Set Sin Siv Soth Tang Tith Top Uch Um Va "
    "Ven Vorn Yan Yem Yos Yun"
).split()
_KHMER_FIRST = (
    "Bun Chan Kim Ly Mey Phal Pich Rath Sam Seng So Srey Thea Va Vi Mony Sok Chhun Ravy Sey Kun Pheak Ra Da"
).split()
_KHMER_SECOND = (
    "leng heng hong lin nat neath ny phal phors pin ra reth rith roth ry sak sey tha thy va vann vin vorn dy na "
    "mach kea ka la leap nita chea mom neang pov nich leak oun pheap theara mol"
).split()
_KHMER_GIVEN = (
    "Dara Sokha Sophea Sopheap Samnang Vanna Bopha Channary Chantha Kunthea Leakhena Maly Mony Nary Pheakdey "
    "Phalla Pisey Pisith Ponleu Raksmey Ratana Ratha Reaksa Rithy Sambath Saran Sarath Savy Sina Sitha Socheat "
    "Sokunthea Somaly Sophal Sophy Soriya Sothea Sovann Thida Theara Tola Vannak Veasna Vibol Vichet Virak Visal "
    "Vuthy Chenda Chamroeun Bunthoeun Kosal Makara Kakada Phirun Piseth Lida Kalyan Malis Rany Sinuon Champa Devi "
    "Botum Borey Heang Hong Mey Nim Phat Roth Run Saroeun Chhaya Chivy Kolap Lina Romduol Sreymao Sreypich "
    "Sreytouch Sovanny Tevy Vattey"
).split()
_VIET_FAMILY = (
    ["Nguyễn"] * 38 + ["Trần"] * 11 + ["Lê"] * 9 + ["Phạm"] * 7 + ["Huỳnh"] * 5 + ["Phan"] * 4 + ["Vũ"] * 4 + ["Đặng"] * 3
    + ["Võ", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương", "Lý", "Đinh", "Đoàn", "Trịnh", "Mai", "Lương", "Hà", "Cao", "Lâm", "Châu"]
)  # fmt: skip
_VIET_GIVEN = (
    "An Ánh Bích Bình Châu Chi Cúc Diễm Dung Duyên Đào Đức Giang Hà Hạnh Hằng Hiền Hiếu Hoa Hồng Huệ Hùng Hương "
    "Khánh Kiều Lan Lệ Liên Linh Loan Long Ly Mai Minh My Nam Nga Ngân Ngọc Nhung Oanh Phúc Phương Quân Quỳnh Sơn "
    "Tâm Thanh Thảo Thu Thúy Thủy Tiên Trang Trinh Trúc Tuấn Tuyết Vân Việt Vy Xuân Yến"
).split()
_VIET_MIDDLE = (
    "Ngọc Thu Kim Minh Hồng Mỹ Thanh Bích Xuân Hoàng Tuyết Như Phương Quốc Hữu Đức Công Gia Anh Bảo Diệu Thùy Trung"
).split()
_THAI_FIRST = ("Som Boon Kan Nat Pra Wan Suk Thong Chai Sir Pim Ara Pat Nong Kit Rat Mali Jan Wi Sa Ka Ubon").split()
_THAI_SECOND = (
    "chai sak porn ying ma da ya rat wan chan da mon nee porn thip dee sri rak jit phan lak wat nan"
).split()
_THAI_HOUSE = ("Saeng Thong Suk Srisa Wong Boon Chai Phan Kaew Inta Pho Kham Rat Charoen").split()
_THAI_HOUSES = ("dee wong sri porn suk chai rat kul thong phan mak sombat sawat arat").split()
_LAO_GIVEN = (
    "Kham Bou Som Vieng Phet Souk Noy Keo Chan Sai Thong Manivanh Latsamy Dao Malay Bounmy Khamla Somphone Vilay "
    "Chit Duang Inpeng Vath Sisou Tha Oudom Phone Viengkham Sing Soulin Ket Bang Outh Phou Sen Nalin"
).split()
_LAO_SECOND = (
    ("- phone la vanh my say seng pheng keo dy sone thip da ly xay noy thong sack dara vone mone khone deth")
    .replace("-", "")
    .split(" ")
)
_LAO_HOUSE = (
    "Phomma Saya Inta Keo Souvanna Chantha Phantha Xaya Sisa Vong Douang Bounya Khamma Luang Phet Soum"
).split()
_LAO_HOUSES = ("chanh vong sa many vath sone rath ly xay phone vongsa lath seng dala savath panya").split()
_BURMESE = (
    "Aung Aye Cho Htay Htun Hla Khin Kyaw Lwin Mar Min Moe Myint Mya Naing Nanda Ni Nwe Nyein Ohn Phyo Phyu San "
    "Sandar Shwe Soe Su Than Thant Thein Thida Thiri Thu Tin Tun Wai Win Yadanar Yu Zaw Zin Bo Chit Ei Hein Hnin "
    "Kay Khaing Ko Kyi Lin Maung Ma Mon Nilar Oo Pa Pyae San Sein Swe Tha Thaw Theingi Thuza Tint"
).split()
PLACES = {
    "KH": "Battambang/Bat Dambang,Banteay Meanchey,Kampong Cham/Kompong Cham,Kampot,Kandal,Prey Veng/Prey Veaeng,Pursat/"
          "Pousat,Siem Reap/Siemreap,Svay Rieng,Takeo/Takaev,Phnom Penh,Kampong Thom,Kratie/Kracheh,Tboung Khmum",
    "VN": "An Giang,Can Tho,Tay Ninh,Dong Thap,Kien Giang,Long An,Soc Trang",
    "TH": "Surin,Buriram,Ubon,Sa Kaeo,Udon Thani", "LA": "Savannakhet,Champasak,Vientiane,Salavan",
    "MM": "Mon,Shan,Kayin,Yangon,Bago",
}  # fmt: skip

# What clerks write for one another.
RESPELLINGS = [
    ("chh", "ch"), ("ch", "chh"), ("ph", "p"), ("ph", "f"), ("kh", "k"), ("k", "kh"), ("th", "t"), ("t", "th"),
    ("ea", "ear"), ("ea", "ia"), ("ey", "ei"), ("ey", "y"), ("ou", "u"), ("u", "ou"), ("oeu", "eu"), ("v", "w"),
    ("w", "v"), ("y", "i"), ("i", "y"), ("ay", "ai"), ("ao", "av"), ("nh", "n"), ("nn", "n"), ("ll", "l"), ("j", "ch"),
    ("x", "s"), ("oo", "u"), ("a", "aa"), ("eo", "ev"),
]  # fmt: skip
# Respellings that the rules do not know.
ODD_RESPELLINGS = [
    ("o", "a"), ("ng", "n"), ("ae", "a"), ("r", "l"), ("d", "t"), ("b", "p"), ("uo", "ua"), ("s", "c"),
]  # fmt: skip
_LETTERS = "abcdefghijklmnoprstuvwyz"


class Person(NamedTuple):
    country: str
    sex: str
    family: str
    given: str
    mother: str
    born: tuple[int, int, int]
    place: str
    phone: str
    document: str


def _name(rng: random.Random, country: str, sex: str) -> tuple[str, str]:
    if country == "KH":
        family = rng.choice(_KHMER_FAMILY)
        if rng.random() < 0.25:
            return family, rng.choice(_KHMER_GIVEN)
        return family, rng.choice(_KHMER_FIRST) + rng.choice(_KHMER_SECOND)
    if country == "VN":
        middle = rng.choice(
            ["Thị", "Thị", "Thị Kim", "Ngọc", "Thu"] if sex == "female" else ["Văn", "Văn", "Hữu", "Minh", "Quốc"]
        )
        one = rng.choice(_VIET_GIVEN)
        two = " " + rng.choice(_VIET_GIVEN) if rng.random() < 0.5 else ""
        return rng.choice(_VIET_FAMILY), f"{middle} {one}{two}"
    if country == "TH":
        house = (
            rng.choice(_THAI_HOUSE)
            + rng.choice(_THAI_HOUSES)
            + (rng.choice(_THAI_HOUSES) if rng.random() < 0.5 else "")
        )
        return house, rng.choice(_THAI_FIRST) + rng.choice(_THAI_SECOND) + (
            rng.choice(_THAI_SECOND) if rng.random() < 0.3 else ""
        )
    if country == "LA":
        return rng.choice(_LAO_HOUSE) + rng.choice(_LAO_HOUSES), rng.choice(_LAO_GIVEN) + rng.choice(_LAO_SECOND)
    words = rng.sample(_BURMESE, rng.choice([2, 3, 3, 4]))
    return "", " ".join(words)


def person(rng: random.Random) -> Person:
    country = rng.choices(["KH", "VN", "TH", "LA", "MM"], [0.45, 0.25, 0.1, 0.1, 0.1])[0]
    sex = rng.choices(["female", "male"], [0.68, 0.32])[0]
    family, given = _name(rng, country, sex)
    mother = " ".join(filter(None, _name(rng, country, "female")))
    born = (int(rng.triangular(1960, 2014, 2002)), rng.randint(1, 12), rng.randint(1, 28))
    place = rng.choice(PLACES[country].split(","))
    return Person(
        country, sex, family, given, mother, born, place, f"0{rng.randint(10, 99)}{rng.randint(100000, 999999)}",
        f"{rng.choice(['N', 'ID', 'P', ''])}{rng.randint(10_000_000, 999_999_999)}",
    )  # fmt: skip


def respell(rng: random.Random, name: str) -> str:
    """The name as another clerk romanises it: one to three respellings, or a compound split or joined."""
    lower = name.lower()
    for _ in range(rng.randint(1, 3)):
        rules = ODD_RESPELLINGS if rng.random() < 0.15 else RESPELLINGS
        fitting = [rule for rule in rules if rule[0] in lower]
        if rng.random() < 0.08 and " " in lower:
            lower = lower.replace(" ", "", 1)
        elif rng.random() < 0.08 and len(lower) > 9 and " " not in lower:
            lower = lower[:-4] + " " + lower[-4:]
        elif fitting:
            old, new = rng.choice(fitting)
            place = rng.choice([at for at in range(len(lower)) if lower.startswith(old, at)])
            lower = lower[:place] + new + lower[place + len(old) :]
    return lower.title()


def typo(rng: random.Random, name: str) -> str:
    if len(name) < 3:
        return name
    at = rng.randrange(len(name) - 1)
    return rng.choice([
        name[:at] + name[at + 1 :],
        name[:at] + rng.choice(_LETTERS) + name[at:],
        name[:at] + rng.choice(_LETTERS) + name[at + 1 :],
        name[:at] + name[at + 1] + name[at] + name[at + 2 :],
    ])  # fmt: skip


def record(rng: random.Random, who: Person, repeated: bool) -> Row:
    family, given, mother, place = who.family, who.given, who.mother, who.place.split("/")[0]
    if who.country == "VN" and rng.random() < 0.3:
        family, given, mother = map(_plain, (family, given, mother))
    if repeated and rng.random() < 0.5:
        family, _, given = respell(rng, f"{_plain(family)}|{_plain(given)}").partition("|")
        mother = respell(rng, _plain(mother))
    if repeated and rng.random() < 0.12:
        if rng.random() < 0.35 and family:
            family = typo(rng, family)
        else:
            given = typo(rng, given)
    if repeated and rng.random() < 0.10:
        family, given = given, family
    if rng.random() < 0.2:
        place = who.place.split("/")[-1]
    year, month, day = who.born
    if repeated and rng.random() < 0.03:
        year += rng.choice([-1, 1])
    if repeated and rng.random() < 0.03:
        day = rng.randint(1, 28)
    if repeated and rng.random() < 0.02 and day <= 12:
        day, month = month, day
    chance = rng.random()
    date, only_year = f"{year:04}-{month:02}-{day:02}", ""
    if chance < 0.12:
        date = ""
    elif chance < 0.23:
        date, only_year = "", str(year)
    elif chance < 0.33:
        date = f"{year:04}-01-01"
    sex = who.sex if rng.random() > 0.01 else {"female": "male", "male": "female"}[who.sex]
    return {
        "family_name": family, "given_name": given, "sex": sex if rng.random() > 0.03 else "", "birth_date": date,
        "birth_year": only_year, "nationality": who.country if rng.random() > 0.08 else "",
        "birth_place": place if rng.random() < 0.6 else "",
        "phone": _phone(rng, who.phone) if rng.random() < 0.35 else "",
        "document_number": (who.document if rng.random() > 0.04 else typo(rng, who.document)) if rng.random() < 0.25 else "",
        "mother_name": mother if rng.random() < 0.40 else "",
    }  # fmt: skip


def _plain(text: str) -> str:
    import unicodedata

    text = text.replace("đ", "d").replace("Đ", "D")
    return "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))


def _phone(rng: random.Random, number: str) -> str:
    if rng.random() < 0.12:  # a new one
        return f"0{rng.randint(10, 99)}{rng.randint(100000, 999999)}"
    return rng.choice([number, number, "+855 " + number[1:], f"{number[:3]} {number[3:6]} {number[6:]}"])


def rows(records: int, seed: int = 1) -> Iterator[Row]:
    """So many records of the six lists, in random order; `person` is the truth and must be taken away before linking."""
    rng = random.Random(seed)
    made: list[Row] = []
    number = 0
    while len(made) < records:
        who = person(rng)
        number += 1
        for repeat in range(rng.choices(*REPEATS)[0]):
            made.append(record(rng, who, repeat > 0) | {"person": str(number)})
    del made[records:]
    rng.shuffle(made)
    for place, row in enumerate(made):
        yield {"record_id": f"R{place:07}", "source": rng.choice(SOURCES), **row}
