"""Opt-out, opt-in and help keywords of other languages, by the country of the contact's number.

The English words are understood everywhere (`sms/keywords.py`). These are the words that carriers and regulators of
each country name in their rules, or that are usual below texts there. Case, accents and spaces don't count.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Words by language: (stop, start, help).
_FRENCH = ("arret arreter desabonner desinscription desinscrire", "debut commencer reabonner", "aide")
_SPANISH = ("baja alto parar cancelar detener salir basta", "alta iniciar comenzar", "ayuda")
_PORTUGUESE = ("sair parar pare cancelar remover descadastrar", "iniciar comecar voltar", "ajuda")
_GERMAN = ("stopp abmelden abbestellen austragen kündigen", "anmelden", "hilfe")
_DUTCH = ("afmelden uitschrijven stoppen", "aanmelden", "hulp")
_ITALIAN = ("basta ferma annulla cancellami disiscrivi", "inizia", "aiuto")
_DANISH = ("stopp afmeld frameld slet", "tilmeld", "hjælp")
_NORWEGIAN = ("stopp avmeld slutt", "påmeld", "hjelp")
_SWEDISH = ("stopp avregistrera avsluta sluta", "starta", "hjälp")
_FINNISH = ("lopeta peruuta seis peru", "aloita", "apua")
_POLISH = ("koniec wypisz rezygnuje", "zapisz", "pomoc")
_CZECH = ("konec odhlasit zrusit", "zacit", "pomoc")
_RUSSIAN = ("стоп отписаться отписка отмена хватит", "старт начать", "помощь")
_UKRAINIAN = ("стоп відписатися відмова скасувати", "старт почати", "допомога")
_TURKISH = ("ret iptal dur durdur", "kabul basla", "yardim")
_GREEK = ("διακοπη σταματα τελος", "εναρξη", "βοηθεια")
_ROMANIAN = ("dezabonare opreste", "abonare", "ajutor")
_HUNGARIAN = ("leiratkozas lemond allj", "feliratkozas", "segitseg")
_HEBREW = ("הסר הסרה עצור", "התחל", "עזרה")
_ARABIC = ("توقف قف الغاء إلغاء ايقاف إيقاف", "ابدأ", "مساعدة")
_INDONESIAN = ("berhenti henti batal", "mula mulai", "bantuan")
_VIETNAMESE = ("huy tuchoi tc dung", "batdau", "trogiup")
_THAI = ("หยุด ยกเลิก", "เริ่ม", "ช่วยเหลือ")
_CHINESE = ("退订 退訂 停止 取消 td", "开始 開始", "帮助 幫助")
_JAPANESE = ("停止 解除 配信停止 ストップ", "開始", "ヘルプ")
_KOREAN = ("수신거부 중지 정지", "시작", "도움말")

_BY_COUNTRY: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    **dict.fromkeys(("FR", "MC", "RE", "GP", "MQ", "GF", "YT", "SN", "CI", "BJ", "CM", "TN", "MA", "DZ"), (_FRENCH,)),
    "CA": (_FRENCH,),
    "BE": (_FRENCH, _DUTCH, _GERMAN),
    "LU": (_FRENCH, _GERMAN),
    "CH": (_GERMAN, _FRENCH, _ITALIAN),
    **dict.fromkeys(("DE", "AT", "LI"), (_GERMAN,)),
    "NL": (_DUTCH,),
    **dict.fromkeys(("IT", "SM", "VA"), (_ITALIAN,)),
    **dict.fromkeys(
        (
            *("ES", "MX", "AR", "BO", "CL", "CO", "CR", "CU", "DO", "EC", "GT", "HN"),
            *("NI", "PA", "PE", "PR", "PY", "SV", "US", "UY", "VE"),
        ),
        (_SPANISH,),
    ),
    **dict.fromkeys(("BR", "PT", "AO", "MZ", "CV"), (_PORTUGUESE,)),
    "AD": (_SPANISH, _FRENCH),
    **dict.fromkeys(("DK", "GL", "FO"), (_DANISH,)),
    **dict.fromkeys(("NO", "SJ"), (_NORWEGIAN,)),
    **dict.fromkeys(("SE", "AX"), (_SWEDISH,)),
    "FI": (_FINNISH, _SWEDISH),
    "PL": (_POLISH,),
    **dict.fromkeys(("CZ", "SK"), (_CZECH,)),
    **dict.fromkeys(("RU", "KZ", "BY", "KG"), (_RUSSIAN,)),
    "UA": (_UKRAINIAN, _RUSSIAN),
    "TR": (_TURKISH,),
    "CY": (_GREEK, _TURKISH),
    "GR": (_GREEK,),
    **dict.fromkeys(("RO", "MD"), (_ROMANIAN,)),
    "HU": (_HUNGARIAN,),
    "IL": (_HEBREW, _ARABIC),
    **dict.fromkeys(("AE", "SA", "EG", "JO", "KW", "QA", "BH", "OM", "LB", "IQ"), (_ARABIC,)),
    **dict.fromkeys(("ID", "MY", "BN"), (_INDONESIAN,)),
    "VN": (_VIETNAMESE,),
    "TH": (_THAI,),
    **dict.fromkeys(("CN", "HK", "TW", "MO", "SG"), (_CHINESE,)),
    "JP": (_JAPANESE,),
    "KR": (_KOREAN,),
}

STOP, START, HELP = range(3)  # the place of each kind in a language


def _words(kind: int) -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType(
        {
            country: tuple(word for language in languages for word in language[kind].split())
            for country, languages in _BY_COUNTRY.items()
        }
    )


STOP_WORDS = _words(STOP)
START_WORDS = _words(START)
HELP_WORDS = _words(HELP)
# Words that are ordinary answers too, like the English "cancel" and "end".
UNSURE = frozenset(
    (
        *("cancelar", "annulla", "annuler", "zrusit", "отмена", "скасувати", "iptal", "dur", "batal"),
        *("konec", "koniec", "τελος", "slutt", "slet", "sluta", "avsluta", "peru", "peruuta"),
        *("remover", "salir", "sair", "lemond", "kündigen", "取消", "ยกเลิก", "dung", "الغاء"),
        *("إلغاء"),
    )
)
# Words that people write beside a keyword: "STOP svp", "baja por favor".
POLITE = (
    r"svp|stp|s'? ?il (?:vous|te) plait|merci|por favor|porfa|gracias|bitte|danke|per favore|grazie|alstublieft|aub"
    r"|alsjeblieft|bedankt|tack|takk|tak|kiitos|prosze|dziekuje|obrigad[oa]|lutfen|пожалуйста|спасибо|будь ласка|tolong"
)
