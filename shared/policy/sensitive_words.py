"""What belongs in a private message when it is about a child (S61): words and phrases by topic, data and no more.

Words that a class uses innocently every day (court, send, separate, suspend, doctor, money) stand only in phrases that
are plain; INNOCENT holds phrases that take a word's sting.
"""

HEALTH = """
    ill, illness, sick, sickness, poorly, unwell, vomit, diarrhoea, hospital, hospitalise, surgery,
    had an operation, asthma, asthmatic, inhaler, epipen, epi pen, epilepsy, epileptic, seizure, diabetes, diabetic,
    insulin, allergy, allergic, allergen, anaphylaxis, anaphylactic, eczema, nits, head lice, lice, chicken pox,
    covid, measles, scarlet fever, medication, medicine, antibiotic, diagnosis, diagnose, therapy, therapist,
    counselling, counsellor, camhs, mental health, anxiety, depression, depressed, self harm, eating disorder,
    wet himself, wet herself, wet themselves, toilet accident, had an accident, soiled, nappy, toilet training,
    concussion, injury, injure, head bump, bumped head, broken arm, broken leg, broken wrist, broken ankle,
    broken finger, broke his arm, broke her arm, broke their arm, broke his leg, broke her leg, broke their leg,
    broke his wrist, broke her wrist, broke their wrist, pregnant
"""
SUPPORT = """
    autism, autistic, adhd, asd, dyslexia, dyslexic, dyspraxia, dyspraxic, dyscalculia, ehcp, ehc plan, senco,
    sendco, special need, special educational need, additional need, sen support, send support, send register,
    sen register, learning difficulty, learning disability, disability, disabled, speech therapy,
    language therapist, language therapy, educational psychologist, meltdown, sensory need, selective mutism,
    one to one support, support plan
"""
FAMILY = """
    custody, divorce, parents separated, parents have separated, parents are separated, parents have split,
    family court, court order, court hearing, court case, in court, go to court, goes to court, going to court,
    went to court, restraining order, contact order, residence order, non molestation, foster care, foster carer,
    foster family, foster parent, foster mum, foster dad, foster child, in foster, fostered, adoptive parent,
    bereavement, bereaved, funeral, passed away, mum died, dad died, mother died, father died, nan died,
    grandad died, brother died, sister died, domestic violence, domestic abuse, asylum seeker, in prison, arrest,
    homeless, evict, temporary accommodation
"""
BEHAVIOUR = """
    misbehave, misbehaviour, naughty, detention, suspended from school, was suspended for, was suspended on,
    was suspended today, was suspended yesterday, been suspended, excluded, exclusion, bully, bullying, a fight,
    fighting with, hit another, hit a child, hit a teacher, hurt another, hurt a child, bit another, bit a child,
    punched, kicked another, kicked a child, slapped, swore, swearing, stole, stealing, behaviour incident,
    behaviour plan, behaviour log, behaviour report, behaviour chart, behaviour point, behaviour support,
    bad behaviour, poor behaviour, challenging behaviour, his behaviour, her behaviour, their behaviour,
    behaved badly, behaving badly, in trouble, told off, disruptive, tantrum, aggressive, rude, violent, violence
"""
SAFEGUARDING = """
    safeguard, child protection, social worker, social service, early help, neglect, abuse, abusive, bruise,
    disclosure, disclosed, cpoms, child in need, looked after child, at risk, welfare concern, police, radicalised,
    grooming
"""
MONEY = """
    free school meal, free meal, pupil premium, food bank, dinner debt, dinner money, in debt, debt, arrears,
    unpaid, owes, cannot afford, can t afford, could not afford, couldn t afford, universal credit, on benefits,
    uniform grant, hardship
"""
INNOCENT = """
    class hospital, toy hospital, teddy hospital, teddy bear hospital, pet hospital, hospital role play,
    hospital corner, hospital area, hospital play, playing hospital, police officer visit, police car,
    police helmet, police dog, police horse, police station role play, surgery role play, vet surgery, therapy dog,
    safeguard the planet, safeguard nature, food bank collection, food bank donation, food bank appeal
"""
IN_CAPITALS = frozenset({"send", "sen", "iep", "fsm", "lac", "asd"})
"""Words that mean something private only where they are written in capitals."""

TOPICS = (
    ("health", HEALTH),
    ("support", SUPPORT),
    ("family", FAMILY),
    ("behaviour", BEHAVIOUR),
    ("safeguarding", SAFEGUARDING),
    ("money", MONEY),
)
