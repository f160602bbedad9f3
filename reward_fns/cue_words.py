"""Small words by what they do in a clause; the clause walker asks for them."""

from __future__ import annotations

from .text import BREAK
from .words import word_set

PRONOUNS = word_set(
    """
    it its they their this that these those he she there which what we i you one nothing everything all
    """
)
TOWARD = word_set(
    """
    toward towards outwards outward inwards inward fade fades facing faces
    """
)
ANSWERS_NO = word_set("no none nothing not zero absent nil never nowhere missing")
HEADING = 5
"""Words of a heading at most: "Longer: the scratch"."""
COLONS = frozenset((":", "=", "\u2013", "?"))
CLASSES = word_set("class type label pattern signature defect verdict answer result diagnosis category call")
COMPARED = word_set("more less better fewer other higher lower worse")
COMPLEMENTS = word_set("inside outside beyond within elsewhere past further farther after afterwards")
CONTACTS = word_set(
    """
    crosses cross crossing touches touch touching reaches reaching meets meeting joins joining hits intersects
    crossed into through across
    """
)
CONTACT_NOUNS = word_set(
    "contact touch touching overlap link linked connection bridge crossing crosses junction joint merging"
    " merger reaches reaching attachment connected"
)
LEAVING = word_set(
    "radially straight running going extending leading extends leads outward outwards"
    " inward inwards out away runs leaves starts goes extends emanates"
)
REACHING = word_set(
    """
    touch touches touching reach reaches reaching cross crosses crossing join joins joining meet meets meeting
    enter enters hit hits arrive arrives arriving attached connected contact involve get gets into
    """
)
THROUGHOUT = word_set("throughout everywhere overall")
DROPPED = word_set("fall falls drop drops rejected excluded dismissed discarded set")
MAYBE = word_set("maybe perhaps possibly")
ONWARD = word_set("to out outward outwards toward towards inwards")
COPULAS = word_set(
    """
    is are was were looks look remains remain stays stay seems seem appears it's they're that's
    """
)
WHOLES = word_set(
    """
    wafer disc disk map radius circumference dial dial's plate wafer's thing picture
    """
)
ENCIRCLING = word_set(
    """
    around round surrounding encircling encircles surrounds encloses
    """
)
OWN = word_set(
    """
    its their whose inner sharp irregular
    """
)
NOUNS = word_set(
    """
    die dies chip chips silicon one ones rows row site sites
    """
)
AFTER_CLEAR = word_set(
    """
    of from all with in at too as there on between along to up beyond outside inside everywhere
    """
)
QUALITIES = word_set(
    """
    healthy green untouched unaffected passing vacant spared unfilled unoccupied unpopulated intact undamaged
    """
)
NOUN_PHRASE_STARTS = word_set(
    """
    with leaving leaves remain remains is are while plus except but by
    """
)
OWN_DENIAL = word_set(
    """
    no without nothing not zero non none
    """
)
VERB_DENIAL = word_set(
    """
    doesn't don't cannot can't couldn't wouldn't won't never isn't aren't
    """
)
OUTLINES = word_set(
    """
    border borders boundary boundaries edge edges rim rims margin margins periphery perimeter
    """
)
SIZES = word_set("width thickness diameter diameters gap margin length span separation clearance")
FINE = word_set("flawless perfect faultless immaculate pristine")
LIVING = word_set("green healthy passing good surviving living live")
STRINGS = word_set("wire thread hair hairline string cord rope ribbon filament needle twine cable")
RELATIVES = frozenset(("that", "which", "who"))
FAULTS = word_set(
    """
    same equal uniform even homogeneous stable ok good clean right correct constant working well equally
    balanced properly evenly uniformly
    """
)
EVENLY = word_set(
    "evenly equally uniformly properly correctly equal uniform even level stripped removed cleaned"
)
GUESSES = word_set("hypothesis idea guess theory explanation suspicion assumption suggestion diagnosis claim")
NEGATIVE = frozenset(("or", "nor", "no", "without"))
LINKS = word_set("the a an its this that")
BESIDE = word_set("outside inside out away separated apart detached clear isolated side flank off")
JOINED = word_set("connected attached next close joined linked relative unconnected adjacent inward outward")
COURSES = word_set(
    "swings curves passes runs goes bends skirts bypasses comes leads swing curve pass run bend"
)
WAYS = word_set("way clearance distance path route walk")
WOULD = word_set(
    """
    hug follow run cross close look start end fill show leave need require have lie sit reach touch extend
    spare hit affect cover light mark form surround stretch go fail begin occupy stand spread
    circle encircle come return stay keep contain consist pass involve remain ring enclose swallow
    wipe kill spoil cut draw carry attack call
    """
)
RESTS = word_set("rest remaining remainder otherwise elsewhere residual")
SHARES = word_set("quarters quarter thirds third half most part parts majority percent %")
ELSE = RESTS | {"else", "other", "others", "remains"}
PREPOSITIONS = word_set(
    """
    above below beneath under beyond between around close beside outside inside from to into out off just
    through over across by along near the before past towards toward due
    """
)
MIDDLES = word_set(
    """
    center middle hub core origin geometric wafer very dead axis heart bullseye bull's bull
    """
)
SUBJECTS = word_set(
    "fails dies failing failures defects wafer map rest pattern losses damage others remainder"
)
AUXILIARIES = word_set(
    """
    does do did can could is are
    """
)
NONE_VERBS = word_set(
    """
    is are was were can could stands seems appears shows fits
    """
)
AFTER_ANSWER = frozenset((",", ".", ";", "\u2013", BREAK))
CONTINUES = frozenset(("(", "such", "like", ",", "or", "and", "nor"))
SILENT = frozenset(("another", "label", "skip"))
ENDS_DENIAL = word_set(
    """
    only just simply merely rather
    """
)
PLAIN_TURNS = word_set(
    """
    that which who whose where as if when only just simply merely still rather unless
    """
)
