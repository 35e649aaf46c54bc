"""Fictional persons with names as they are common in the region, and the ways clerks corrupt them. Seeded.

Names are drawn from short lists of widespread family and given names; no list of real persons was used.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate

from spean.people.matching import Details

FAMILY = [
    pair.split("/") for pair in
    [
        "Sok/សុខ", "Chan/ចាន់", "Chea/ជា", "Kim/គឹម", "Heng/ហេង", "Ly/លី", "Seng/សេង", "Chhay/ឆាយ", "Keo/កែវ",
        "Mao/ម៉ៅ", "Meas/មាស", "Lim/លឹម", "Long/ឡុង", "Sam/សំ", "Prum/ព្រុំ", "Pich/ពេជ្រ", "Noun/នួន", "Oum/អ៊ុំ",
        "Sim/ស៊ឹម", "Som/សោម", "Sun/ស៊ុន", "Tep/ទេព", "Yim/យឹម", "Ouk/អ៊ុក", "Nget/ង៉ែត", "Pen/ប៉ែន", "Prak/ប្រាក់",
        "Hun/ហ៊ុន", "Kong/គង់", "Khieu/ខៀវ", "Ros/រស់", "San/សន", "Say/សាយ", "Soeun/សឿន", "Suon/សួន", "Svay/ស្វាយ",
        "Tan/តាន់", "Thach/ថាច់", "Touch/ទូច", "Vong/វង្ស", "Yin/យិន", "Chhim/ឈឹម", "Chhun/ឈុន", "Duong/ឌួង", "Ek/ឯក",
        "Em/អែម", "Hak/ហាក់", "Hem/ហែម", "Hor/ហោ", "Huot/ហួត", "Im/អ៊ឹម", "In/អ៊ិន", "Ith/អ៊ិត", "Kang/កាំង",
        "Khat/ខាត់", "Khem/ខែម", "Khiev/ខៀវ", "Khorn/ខន", "Koy/កុយ", "Kuch/គុជ", "Lach/ឡាច", "Leng/ឡេង", "Lon/លន់",
        "Lor/ឡោ", "Mam/ម៉ម", "Men/ម៉ែន", "Mok/ម៉ុក", "Mom/មុំ", "Neang/នាង", "Neth/នេត្រ", "Nhem/ញ៉ែម", "Nhim/ញឹម",
        "Norn/ណន", "Oeun/អឿន", "Orn/អន", "Pang/ប៉ាង", "Pao/ពៅ", "Pech/ពេជ្រ", "Phan/ផាន់", "Phal/ផល", "Phon/ផុន",
        "Pok/ប៉ុក", "Pov/ពៅ", "Sar/សា", "Sao/សៅ", "Sen/សែន", "Set/សេត", "Sin/ស៊ិន", "Siv/ស៊ីវ", "Soth/សុទ្ធ",
        "Tang/តាំង", "Tith/ទិត្យ", "Top/តុប", "Uch/អ៊ុច", "Um/អ៊ុំ", "Va/វ៉ា", "Ven/វ៉ែន", "Vorn/វន", "Yan/យ៉ាន",
        "Yem/យ៉ែម", "Yos/យស", "Yun/យុន",
    ]
]  # fmt: skip
GIVEN = [
    pair.split("/") for pair in
    [
        "Dara/ដារ៉ា/x", "Sokha/សុខា/x", "Sophea/សុភា/x", "Sopheap/សុភាព/x", "Samnang/សំណាង/m", "Vanna/វណ្ណា/x",
        "Bopha/បុប្ផា/f", "Channary/ចាន់ណារី/f", "Chantha/ចន្ថា/x", "Kunthea/គន្ធា/f", "Leakhena/លក្ខិណា/f",
        "Maly/ម៉ាលី/f", "Mony/មុន្នី/x", "Nary/ណារី/f", "Pheakdey/ភក្តី/x", "Phalla/ផល្លា/x", "Pisey/ពិសី/f",
        "Pisith/ពិសិដ្ឋ/m", "Ponleu/ពន្លឺ/x", "Raksmey/រស្មី/x", "Ratana/រតនា/x", "Ratha/រដ្ឋា/x", "Reaksa/រក្សា/f",
        "Rithy/រិទ្ធី/m", "Sambath/សម្បត្តិ/m", "Saran/សារ៉ាន់/m", "Sarath/សារ៉ាត់/m", "Savy/សាវី/f", "Sina/ស៊ីណា/x",
        "Sitha/ស៊ីថា/x", "Socheat/សុជាតិ/x", "Sokunthea/សុគន្ធា/f", "Somaly/សុម៉ាលី/f", "Sophal/សុផល/m", "Sophy/សុភី/f",
        "Soriya/សូរិយា/x", "Sothea/សុធា/x", "Sovann/សុវណ្ណ/x", "Sreymom/ស្រីមុំ/f", "Sreyneang/ស្រីនាង/f",
        "Sreypov/ស្រីពៅ/f", "Sreyleak/ស្រីលក្ខណ៍/f", "Sreynich/ស្រីនិច្ច/f", "Thida/ធីតា/f", "Theara/ធារ៉ា/x",
        "Tola/តុលា/x", "Vannak/វណ្ណៈ/m", "Veasna/វាសនា/x", "Vibol/វិបុល/m", "Vichet/វិចិត្រ/m", "Virak/វីរៈ/m",
        "Visal/វិសាល/m", "Vuthy/វុទ្ធី/m", "Chenda/ចិន្តា/f", "Chamroeun/ចំរើន/m", "Bunthoeun/ប៊ុនធឿន/m",
        "Kosal/កុសល/m", "Makara/មករា/x", "Kakada/កក្កដា/x", "Phirun/ភីរុណ/m", "Piseth/ពិសេដ្ឋ/m", "Sreymao/ស្រីម៉ៅ/f",
        "Lida/លីដា/f", "Kalyan/កល្យាណ/f", "Malis/ម្លិះ/f", "Rany/រ៉ានី/f", "Sinuon/ស៊ីនួន/f", "Sreyoun/ស្រីអូន/f",
        "Champa/ចំប៉ា/f", "Devi/ទេវី/f", "Botum/បុទុម/f", "Borey/បូរី/m", "Chan/ចាន់/x", "Thy/ធី/x", "Heang/ហ៊ាង/m",
        "Hong/ហុង/m", "Leng/ឡេង/x", "Mey/ម៉ី/f", "Nim/នីម/f", "Phat/ផាត់/x", "Roth/រ័ត្ន/x", "Run/រុន/m", "Sam/សំ/x",
        "Saroeun/សារឿន/x", "Yan/យ៉ាន/f",
    ]
]  # fmt: skip
FIRST = [
    "Bun", "Chan", "Kim", "Ly", "Mey", "Phal", "Pich", "Rath", "Sam", "Seng", "So", "Srey", "Thea", "Va", "Vi",
    "Mony", "Sok", "Chhun", "Ravy", "Sey",
]  # fmt: skip
SECOND = [
    "leng", "heng", "hong", "lin", "nat", "neath", "ny", "phal", "phors", "pin", "ra", "reth", "rith", "roth", "ry",
    "sak", "sey", "tha", "thy", "va", "vann", "vin", "vorn", "dy", "na", "mach", "kea", "ka", "la", "leap", "nita",
    "chea",
]  # fmt: skip
VIETNAMESE_FAMILY = [
    "Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Phan", "Vũ", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương",
]  # fmt: skip
VIETNAMESE_GIVEN = [
    "Anh", "Bích", "Chi", "Dung", "Giang", "Hà", "Hạnh", "Hoa", "Hương", "Lan", "Linh", "Loan", "Mai", "Minh",
    "Nga", "Ngọc", "Nhung", "Oanh", "Phương", "Quyên", "Sơn", "Thảo", "Thúy", "Trang", "Tuấn", "Tú", "Vân", "Vy",
    "Yến", "Hùng",
]  # fmt: skip
THAI_FAMILY = [
    "Saetang", "Wongsa", "Chaiyasit", "Boonmee", "Srisuk", "Thongdee", "Kaewmanee", "Phromma", "Suwan", "Inthara",
]  # fmt: skip
THAI_GIVEN = [
    "Somchai", "Somsak", "Malee", "Suda", "Kanya", "Niran", "Prasert", "Wichai", "Ploy", "Nok", "Boonsri",
    "Chanida", "Anong", "Sunee",
]  # fmt: skip
PROVINCES = [f"{number:02}" for number in range(1, 26)]


def _falling(count: int, power: float) -> list[float]:
    # Names fall off about as 1/rank: a handful are borne by a third of the people.
    return list(accumulate(1 / (rank + 2) ** power for rank in range(count)))


def persons(count: int, seed: int = 7) -> Iterator[Details]:
    """So many fictional persons, the same for the same seed."""
    chance = random.Random(seed)
    family_weights, given_weights = _falling(len(FAMILY), 0.9), _falling(len(GIVEN), 0.6)
    viet_weights = _falling(len(VIETNAMESE_FAMILY), 1.1)
    for _ in range(count):
        kind = chance.random()
        sex = "female" if chance.random() < 0.65 else "male"
        name_km = ""
        nationality = "KHM"
        if kind < 0.86:
            family, family_km = chance.choices(FAMILY, cum_weights=family_weights)[0]
            if chance.random() < 0.45:
                given = chance.choice(FIRST) + chance.choice(SECOND)
            else:
                given, given_km, usual = chance.choices(GIVEN, cum_weights=given_weights)[0]
                if usual != "x":
                    sex = "female" if usual == "f" else "male"
                if chance.random() < 0.5:
                    name_km = f"{family_km} {given_km}"
        elif kind < 0.96:
            family = chance.choices(VIETNAMESE_FAMILY, cum_weights=viet_weights)[0]
            middle = "Thị" if sex == "female" else "Văn"
            given = " ".join(
                [middle] * (chance.random() < 0.6) + chance.sample(VIETNAMESE_GIVEN, chance.choice((1, 1, 2)))
            )
            nationality = "VNM"
        else:
            family, given, nationality = chance.choice(THAI_FAMILY), chance.choice(THAI_GIVEN), "THA"
        year, known = chance.randint(1965, 2014), chance.random()
        yield Details(
            family_name=family,
            given_name=given,
            name_km=name_km,
            other_names=(chance.choice(GIVEN)[0],) if chance.random() < 0.08 else (),
            sex=sex,
            birth_date=f"{year}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}" if known < 0.6 else None,
            birth_year=year if known < 0.95 else None,
            birth_year_estimated=0.6 <= known < 0.75,
            nationality=nationality,
            birth_province=chance.choice(PROVINCES) if chance.random() < 0.7 else "",
            phone=f"0{chance.randint(10, 99)}{chance.randint(100000, 9999999)}" if chance.random() < 0.35 else "",
            document_number=str(chance.randint(10**8, 10**9)) if chance.random() < 0.25 else "",
            mother_name=f"{chance.choice(FAMILY)[0]} {chance.choice(GIVEN)[0]}" if chance.random() < 0.4 else "",
        )


# What one clerk writes, another writes so.
RESPELLINGS = [
    ("kh", "k"), ("ph", "p"), ("th", "t"), ("chh", "ch"), ("ey", "ei"), ("ey", "y"), ("ea", "ia"), ("ou", "u"),
    ("nn", "n"), ("v", "w"), ("ay", "ai"), ("y", "i"), ("ao", "av"), ("eo", "ev"), ("oeu", "eu"), ("o", "or"),
    ("k", "kh"), ("n", "nn"), ("a", "ar"), ("i", "y"), ("s", "z"), ("u", "ou"), ("e", "ea"), ("ch", "j"),
]  # fmt: skip


def respell(name: str, chance: random.Random, changes: int) -> str:
    """The name heard again and written down by somebody else."""
    for _ in range(changes):
        fitting = [(old, new) for old, new in RESPELLINGS if old in name.lower()]
        if fitting:
            old, new = chance.choice(fitting)
            name = name.lower().replace(old, new, 1)
    return name.title()


def mistype(name: str, chance: random.Random) -> str:
    """One slip of the finger."""
    if len(name) < 4:
        return name
    place = chance.randrange(1, len(name) - 1)
    kind = chance.random()
    if kind < 0.3:
        return name[:place] + name[place + 1 :]
    if kind < 0.6:
        return name[:place] + name[place + 1] + name[place] + name[place + 2 :]
    letter = chance.choice("abcdefghijklmnoprstuvy")
    return name[:place] + letter + name[place + (kind < 0.85) :]


def corrupt(person: Details, chance: random.Random) -> Details:
    """The same person as another agency wrote her down."""
    family, given, name_km = person.family_name, person.given_name, ""
    if person.name_km and chance.random() < 0.3:
        family, given, name_km = "", "", person.name_km
    else:
        if chance.random() < 0.5:
            family, given = respell(family, chance, 1), respell(given, chance, chance.randint(1, 2))
        if chance.random() < 0.12:
            given = mistype(given, chance)
        if chance.random() < 0.1:
            family, given = given, family
        if chance.random() < 0.1 and len(given) > 6 and " " not in given:
            given = f"{given[:4]} {given[4:]}"
    known = chance.random()
    year = person.birth_year
    return replace(
        person,
        family_name=family,
        given_name=given,
        name_km=name_km,
        other_names=(),
        birth_date=None if known < 0.35 else f"{year}-01-01" if known < 0.45 and year else person.birth_date,
        birth_year=None if known < 0.12 or year is None else year + chance.choice((0, 0, 0, 1, -1)) * (known < 0.35),
        birth_year_estimated=known < 0.35,
        phone=person.phone if chance.random() < 0.3 else "",
        document_number=person.document_number if chance.random() < 0.3 else "",
        mother_name=respell(person.mother_name, chance, 1) if chance.random() < 0.5 else "",
        birth_province=person.birth_province if chance.random() < 0.6 else "",
    )
