"""English words that a name must not be read into (T9): data, by hand, and never complete."""


def words(text: str) -> frozenset[str]:
    """The words of a text with spaces between them."""
    return frozenset(text.split())


FUNCTION_WORDS = words(
    """
    a ad add age ago aid aim air all am an and any are arm art as ask at ate away back bad bag be bed been bet big
    bit both box boy bus but buy by came can car cat come cry cup cut dad day did do does dog done down dug each eat
    else end ever far fed felt few fit fix for form found four from fun gave get girl go goes gone good got great
    had has have he held her here hers him his hit hop hot how i if in into is it its jam jog just keep kept kind
    knew know laid last led left let lets like lit long look lot love made make man many map may me men met mine
    more most much mum my near new next nice no nor not now of off oh old on one only onto or our out over own per
    pet put ran read red rest ride right rode run said same sang sat saw say sea see seen sent set she shy sing sit
    six so some son soon still stop such sum sun swam take talk tell ten than thank that the them then there these
    they this those time to today told too took top toy try tub two up upon us use van very was way we well went
    were what when where which while who whom whose why will wish with won work would yes yet you your
    """
)
"""Words that hold sentences together, and short ones that follow a name: no start of a surname is read into them."""

COMMON_WORDS = FUNCTION_WORDS | words(
    """
    abbey acre alder amber angel apple april archer ash august autumn badger baker ball banks barber bark barn bass
    bay beach bean bear beech bell berry best birch bird bishop black blank bloom blue bond book booth bow bowl
    brand brave bread breeze brick bridge bridges bright broad brook brooks broom brown buck bull butcher butler
    butter button cannon canon carpenter carver case castle cave chamber chambers chance chapel charity chase cherry
    chess church clay cliff close cloud coach coal cook coral corn cotton court cousins cow crane crisp cross crow
    crown crystal daisy dance dawn dear dove draper drew driver drum duck duke dyer early earth east elder elm
    english fair fairy faith fall farm farmer fawn fern ferry field fields finch fish fisher flag flint flood flower
    flowers foot ford forest forester foster fountain fox freeman french friend frost fry fuller garden gardener
    gate gates gem gift glass glover gold golden goose grace grand gray green grey grove guest guy hall hammer hand
    hands hardy hare harp harvest hatch hawk hay hazel head heal heart heath heather hedge hedges herd high hill
    hills holder holiday holly honey hood hook hope hopes horn horse house hunt hunter iris iron ivory ivy jewel
    joiner jolly joy judge july june keen key keys king kings kitchen kite knight lake lamb lamp land lane large
    lark law lawn laws leaf leek lemon lent light lilac lily lion little lock lodge loft lord luck major march
    marigold mark marks marsh masters mead meadow meadows merry mill miller mills minor mint monday money monk moon
    moor morning moss mountain myrtle nail neat nest night nightingale noble noon north nurse oak oaks ocean olive
    opal orange orchard osprey owl pace page paint painter palmer park parker parks parrot partridge peace peach
    peacock pear pearl penny pepper perry pickles pike pine pink piper place plant pole pond pool pope poppy porter
    potter pound pounds power powers price pride priest prince print prior proud purple quick rain rains raven ray
    reader reed rich rider ring river rivers road robin robins rock rocks rolls rook root rose roses royal ruby rush
    rust sage sale sales salmon salt sand sands saturday sawyer school seal season self service sharp sheep shepherd
    shield ship shoemaker shore short silver singer sky slate sleep small smart smile snow south spark sparks
    sparrow spear speed spice spring square stable stamp star starling steel stone stork storm story street strong
    summer summers sunday swallow swan sweet swift tailor tall teacher thorn thrush tiger till tower town towns
    track tree trees trout twist usher valentine valley victory vine violet wade wait walker wall walls ward warm
    water waters weaver weeks west wheat wheel wheeler whistle white wild willow winner winter winters wise wolf
    wood woods wool worth wren yard yellow young younger
    """
)
"""Those, and words that are surnames or first names too: in small letters they are read as words."""
