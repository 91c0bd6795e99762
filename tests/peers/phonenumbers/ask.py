"""Makes some 30,000 texts that stand for numbers, Chinese and foreign, valid and not, in the spellings of switches, CRMs and
people, and says of each what the `phonenumbers` library makes of it, read as written in China. One JSON line a text."""

import json
import random
import sys

import phonenumbers
from phonenumbers import PhoneNumberType

SEED = 20_261_126
AREAS = "10 20 21 22 23 24 25 27 28 29 311 371 411 431 451 512 531 551 571 591 731 755 771 791 851 871 898 931 951 991".split()
MOBILES = [f"1{second}{third}" for second in "3456789" for third in "0123456789"]
SERVICES = ["400", "800", "95013", "1010", "106", "1069", "10800", "9510", "95", "96", "100", "12", "11"]
BEFORE = ["", "0", "+86", "+86 ", "+860", "86", "0086", "00860", "17951", "12593", "tel:+86", "086-"]
BEHIND = ["", "", "", "", " ext. 12", "转123", "-123", ",5", "#88", ";ext=5"]
KINDS = [
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.MOBILE,
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.VOIP,
    PhoneNumberType.PERSONAL_NUMBER,
    PhoneNumberType.UAN,
    PhoneNumberType.PAGER,
    PhoneNumberType.VOICEMAIL,
]


def digits(chance, count):
    return "".join(chance.choice("0123456789") for _ in range(count))


def spaced(chance, text):
    """A few separators between the digits, as people put them."""
    if chance.random() < 0.6:
        return text
    for _ in range(chance.randint(1, 3)):
        at = chance.randint(1, len(text))
        text = text[:at] + chance.choice(" -.") + text[at:]
    return text


def wide(text):
    return "".join(chr(ord(one) + 0xFEE0) if one.isdigit() or one in "+-" else one for one in text)


def spelled(chance, national):
    text = chance.choice(BEFORE) + spaced(chance, national) + chance.choice(BEHIND)
    return wide(text) if chance.random() < 0.05 else text


def chinese(chance):
    for prefix in MOBILES:
        for _ in range(120):
            length = chance.choice([8, 8, 8, 8, 8, 8, 8, 7, 9])
            yield spelled(chance, prefix + digits(chance, length))
    for area in AREAS:
        for _ in range(120):
            length = 8 if len(area) == 2 or chance.random() < 0.5 else 7
            yield spelled(chance, area + chance.choice("2345678") + digits(chance, length - 1))
    for prefix in SERVICES:
        for _ in range(100):
            yield spelled(chance, prefix + digits(chance, chance.randint(1, 9)))
    for _ in range(2_000):
        yield spelled(chance, digits(chance, chance.randint(1, 14)))


def foreign(chance):
    for region in sorted(phonenumbers.SUPPORTED_REGIONS - {"CN"}):
        for kind in KINDS:
            example = phonenumbers.example_number_for_type(region, kind)
            if example is None:
                continue
            national = phonenumbers.national_significant_number(example)
            for _ in range(16):
                kept = len(national) - chance.randint(0, 4)
                number = national[:kept] + digits(chance, len(national) - kept)
                number += chance.choice(["", "", "", "", "", "", "7"])
                yield chance.choice(["+", "00", "tel:+", "+ "]) + spaced(chance, f"{example.country_code}{number}")


def told(text):
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        return {"text": text, "number": None, "extension": None, "kind": None}
    valid = phonenumbers.is_valid_number(number)
    return {
        "text": text,
        "number": phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if valid else None,
        "extension": number.extension,
        "kind": PhoneNumberType.to_string(phonenumbers.number_type(number)) if valid else None,
    }


def main():
    chance = random.Random(SEED)
    for texts in (chinese(chance), foreign(chance)):
        for text in texts:
            sys.stdout.write(json.dumps(told(text)) + "\n")


main()
