"""The canonical names of locales, as nymea's Hello gives them back."""

from functools import cache

# Each language with the territories it is known in, the likeliest first. Generated from CLDR 47
# with Babel 2.18 (likely subtags, and the list of locales), in codes of ISO 639 and ISO 3166.
_TERRITORIES = """
aa ET DJ ER, ab GE, af ZA NA, agq CM, ak GH, am ET, an ES, ann NG, apc SY,
ar EG 001 AE BH DJ DZ EH ER IL IQ JO KM KW LB LY MA MR OM PS QA SA SD SO SS SY TD TN YE,
arn CL, as IN, asa TZ, ast ES, az AZ IQ IR TR, ba RU, bal PK, bas CM, be BY, bem ZM, bew ID,
bez TZ, bg BG, bgc IN, bgn PK AE AF IR OM, bho IN, blo BJ, blt VN, bm ML, bn BD IN, bo CN IN,
br FR, brx IN, bs BA, bss CM, byn ER, ca ES AD FR IT, cad US, cch NG, ccp BD IN, ce RU, ceb PH,
cgg UG, cho US, chr US, cic US, ckb IQ IR, co FR, cop EG, cs CZ, csw CA, cu RU, cv RU, cy GB,
da DK GL, dav KE, de DE AT BE CH IT LI LU, dje NE, doi IN, dsb DE, dua CM, dv MV, dyo SN,
dz BT, ebu KE, ee GH TG, el GR CY,
en US 001 150 AE AG AI AS AT AU BB BE BI BM BS BW BZ CA CC CH CK CM CX CY CZ DE DG DK DM ER ES
FI FJ FK FM FR GB GD GG GH GI GM GS GU GY HK HU ID IE IL IM IN IO IT JE JM KE KI KN KY LC LR
LS MG MH MO MP MS MT MU MV MW MY NA NF NG NL NO NR NU NZ PG PH PK PL PN PR PT PW RO RW SB SC
SD SE SG SH SI SK SL SS SX SZ TC TK TO TT TV TZ UG UM VC VG VI VU WS ZA ZM ZW, eo 001,
es ES 419 AR BO BR BZ CL CO CR CU DO EA EC GQ GT HN IC MX NI PA PE PH PR PY SV US UY VE, et EE,
eu ES, ewo CM, fa IR AF, ff SN BF CM GH GM GN GW LR MR NE NG SL, fi FI, fil PH, fo FO DK,
fr FR BE BF BI BJ BL CA CD CF CG CH CI CM DJ DZ GA GF GN GP GQ HT KM LU MA MC MF MG ML MQ MR
MU NC NE PF PM RE RW SC SN SY TD TG TN VU WF YT, frr DE, fur IT, fy NL, ga IE GB, gaa GH,
gd GB, gez ET ER, gl ES, gn PY, gsw CH FR LI, gu IN, guz KE, gv IM, ha NG GH NE SD, haw US,
he IL, hi IN, hnj US, hr HR BA, hsb DE, ht HT, hu HU, hy AM, ia 001, id ID, ie EE, ig NG,
ii CN, io 001, is IS, it IT CH SM VA, iu CA, ja JP, jbo 001, jgo CM, jmc TZ, jv ID, ka GE,
kaa UZ, kab DZ, kaj NG, kam KE, kcg NG, kde TZ, kea CV, ken CM, kgp BR, khq ML, ki KE,
kk KZ CN, kkj CM, kl GL, kln KE, km KH, kn IN, ko KR CN KP, kok IN, kpe LR GN, ks IN, ksb TZ,
ksf CM, ksh DE, ku TR, kw GB, kxv IN, ky KG, la VA, lag TZ, lb LU, lg UG, lij IT, lkt US,
lld IT, lmo IT, ln CD AO CF CG, lo LA, lrc IR IQ, lt LT, ltg LV, lu CD, luo KE, luy KE, lv LV,
mai IN, mas KE TZ, mdf RU, mer KE, mfe MU, mg MG, mgh MZ, mgo CM, mhn IT, mi NZ, mic CA, mk MK,
ml IN, mn MN CN, mni IN, moh CA, mr IN, ms MY BN ID SG, mt MT, mua CM, mus US, my MM, myv RU,
mzn IR, naq NA, nb NO SJ, nd ZW, nds DE NL, ne NP IN, nl NL AW BE BQ CW SR SX, nmg CM, nn NO,
nnh CM, nqo GN, nr ZA, nso ZA, nus SS, nv US, ny MW, nyn UG, oc FR ES, om ET KE, or IN,
os GE RU, osa US, pa IN PK, pap CW AW, pcm NG, pis SB, pl PL, prg PL, ps AF PK,
pt BR AO CH CV GQ GW LU MO MZ PT ST TL, qu PE BO EC, quc GT, raj IN, rhg MM BD, rif MA, rm CH,
rn BI, ro RO MD, rof TZ, ru RU BY KG KZ MD UA, rw RW, rwk TZ, sa IN, sah RU, saq KE, sat IN,
sbp TZ, sc IT, scn IT, sd PK IN, sdh IR IQ, se NO FI SE, seh MZ, ses ML, sg CF, shi MA,
shn MM TH, si LK, sid ET, sk SK, skr PK, sl SI, sma SE NO, smj SE NO, smn FI, sms FI, sn ZW,
so SO DJ ET KE, sq AL MK XK, sr RS BA ME XK, ss ZA SZ, ssy ER, st ZA LS, su ID, sv SE AX FI,
sw TZ CD KE UG, syr IQ SY, szl PL, ta IN LK MY SG, te IN, teo UG KE, tg TJ, th TH, ti ET ER,
tig ER, tk TM, tn ZA BW, to TO, tok 001, tpi PG, tr TR CY, trv TW, trw PK, ts ZA, tt RU,
twq NE, tyv RU, tzm MA, ug CN, uk UA, ur PK IN, uz UZ AF, vai LR, ve ZA, vec IT, vi VN, vmw MZ,
vo 001, vun TZ, wa BE, wae CH, wal ET, wbp AU, wo SN, xh ZA, xnr IN, xog UG, yav CM, yi UA,
yo NG BJ, yrl BR CO VE, yue HK CN MO, za CN, zgh MA, zh CN HK MO MY SG TW, zu ZA
"""

# Where language and script together make another territory the likeliest.
_TERRITORIES_BY_SCRIPT = """
az_Arab IR, en_Shaw GB, ff_Adlm GN, kk_Arab CN, mn_Mong CN, pa_Arab PK, sd_Deva IN, uz_Arab AF,
yue_Hans CN, zh_Hant TW
"""

# Codes of old, which Qt's QLocale still reads.
_SUCCESSORS = {
    "in": "id",
    "iw": "he",
    "ji": "yi",
    "mo": "ro",
    "no": "nb",
    "sh": "sr",
    "tl": "fil",
}
_SCRIPT_LENGTH = 4  # ISO 15924


def canonical(name: str) -> str:
    """Give the language and territory that *name* stands for, or ``C`` if there is none.

    A territory that the language is not known in gives way to its likeliest one.

    >>> [canonical(name) for name in ("de", "fr-FR", "de_AT.UTF-8", "EN_us", "zh_Hans_CN")]
    ['de_DE', 'fr_FR', 'de_AT', 'en_US', 'zh_CN']
    >>> [canonical(name) for name in ("de_DE@euro", "de_US", "zh_Hant", "klingon", "")]
    ['de_DE', 'de_DE', 'zh_TW', 'C', 'C']

    Args:
        name: language, script and territory, the last two optional, joined by ``_`` or ``-``;
            an encoding after ``.`` and a modifier after ``@`` are dropped.

    Source: spec/nymea.md 2.8; our choice: codes of three letters are read only where the
    language has none of two (``deu`` is unknown), and the case of a script does not matter.
    """
    plain = name.partition("@")[0].partition(".")[0].replace("-", "_")
    # Other than ASCII would change in length, or become ASCII, with its case.
    plain = plain.encode("ascii", "replace").decode()
    language, *subtags = plain.split("_", 3)
    language = _SUCCESSORS.get(language.lower(), language.lower())
    script = subtags.pop(0).title() if subtags and len(subtags[0]) == _SCRIPT_LENGTH else ""
    territory = subtags[0].upper() if subtags else ""
    known = _table(_TERRITORIES).get(language)
    if known is None:
        return "C"
    if territory not in known:
        by_script = _table(_TERRITORIES_BY_SCRIPT)
        territory = by_script.get(f"{language}_{script}", known)[0]
    return f"{language}_{territory}"


@cache
def _table(text: str) -> dict[str, list[str]]:
    rows = (row.split() for row in text.split(","))
    return {name: territories for name, *territories in rows}
