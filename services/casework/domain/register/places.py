"""The districts of Bangladesh by their codes, with how they are written: new spelling, old spelling, Bangla."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

_DISTRICTS: Final = """
bagerhat বাগেরহাট | bandarban বান্দরবান | barguna বরগুনা | barishal barisal বরিশাল | bhola ভোলা | bogura bogra বগুড়া
brahmanbaria ব্রাহ্মণবাড়িয়া | chandpur চাঁদপুর | chapainawabganj nawabganj চাঁপাইনবাবগঞ্জ | chattogram chittagong চট্টগ্রাম
chuadanga চুয়াডাঙ্গা | cumilla comilla কুমিল্লা | coxs_bazar coxsbazar কক্সবাজার | dhaka ঢাকা | dinajpur দিনাজপুর
faridpur ফরিদপুর | feni ফেনী | gaibandha গাইবান্ধা | gazipur গাজীপুর | gopalganj গোপালগঞ্জ | habiganj হবিগঞ্জ
jamalpur জামালপুর | jashore jessore যশোর | jhalokathi jhalokati ঝালকাঠি | jhenaidah jhenaidaha ঝিনাইদহ
joypurhat জয়পুরহাট | khagrachhari khagrachari খাগড়াছড়ি | khulna খুলনা | kishoreganj kishorganj কিশোরগঞ্জ
kurigram কুড়িগ্রাম | kushtia কুষ্টিয়া | lakshmipur laxmipur লক্ষ্মীপুর | lalmonirhat লালমনিরহাট | madaripur মাদারীপুর
magura মাগুরা | manikganj মানিকগঞ্জ | meherpur মেহেরপুর | moulvibazar maulvibazar মৌলভীবাজার | munshiganj মুন্সিগঞ্জ
mymensingh ময়মনসিংহ | naogaon নওগাঁ | narail নড়াইল | narayanganj নারায়ণগঞ্জ | narsingdi নরসিংদী | natore নাটোর
netrokona netrakona নেত্রকোণা | nilphamari নীলফামারী | noakhali নোয়াখালী | pabna পাবনা | panchagarh পঞ্চগড়
patuakhali পটুয়াখালী | pirojpur পিরোজপুর | rajbari রাজবাড়ী | rajshahi রাজশাহী | rangamati রাঙ্গামাটি | rangpur রংপুর
satkhira সাতক্ষীরা | shariatpur শরীয়তপুর | sherpur শেরপুর | sirajganj সিরাজগঞ্জ | sunamganj সুনামগঞ্জ | sylhet সিলেট
tangail টাঙ্গাইল | thakurgaon ঠাকুরগাঁও
"""
_SEPARATORS: Final = re.compile(r"[\s\-_.'’]+")
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}", re.ASCII)


def plain(text: str) -> str:
    """What is compared: one way of writing the same letters, small, spaces as one."""
    return _SEPARATORS.sub(" ", unicodedata.normalize("NFKC", text).strip().lower())


def _by_spelling() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for spellings in _DISTRICTS.replace("\n", "|").split("|"):
        code, *others = spellings.split() or [""]
        found |= {plain(spelling): code for spelling in (code, *others) if spelling}
    return found


_CODES: Final = _by_spelling()
DISTRICTS: Final = tuple(sorted(set(_CODES.values())))


def district_code(text: str) -> str | None:
    """The code of a district however it is spelled; None for what is none."""
    named = plain(text)
    for ending in (" district", " zila", " জেলা"):
        named = named.removesuffix(ending)
    return _CODES.get(named) or _CODES.get(named.replace(" ", ""))


def place_code(text: str) -> str | None:
    """The code of an upazila or a programme as it is written in Latin letters; None where that gives none."""
    written = text.strip().lower()
    code = written if _CODE.fullmatch(written) else "_".join(re.findall(r"[a-z0-9]+", written))
    return code if written.isascii() and _CODE.fullmatch(code) else None
