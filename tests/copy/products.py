# ruff: noqa: E501  (a product is one row of a table)
"""Products and services to write for: sparse and rich briefs, goods, food, software, places and causes."""

from __future__ import annotations

from dataclasses import dataclass

from services.copy.domain import CopyBrief, Format, Platform, Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One product of the test set. category: the one that must be recognised."""

    name: str
    brand: str
    category: str
    description: str
    features: tuple[str, ...] = ()
    price: str | None = None
    currency: str | None = None
    audience: str = ""


PRODUCTS: tuple[Product, ...] = (
    Product(name="Aurora Bottle", brand="Aurora", category="drinkware", description="insulated steel body, UV-C LED cap, cleans itself and keeps water fresh for 24 hours, charges over USB-C", features=("dishwasher-safe lid", "8-hour battery"), price="49.00", currency="USD", audience="Commuters and gym-goers"),
    Product(name="Maison Verre No. 7", brand="Maison Verre", category="fragrance", description="fig leaf, vetiver and sea salt, refillable glass flacon", price="120.00", currency="EUR", audience="design-minded people"),
    Product(name="Ledgerly", brand="Ledgerly", category="finance_software", description="Ledgerly is accounting software for freelancers. Track every invoice in one place, get paid faster, and see what you owe in tax. It connects to your bank and sorts transactions automatically. No spreadsheets.", features=("Bank sync", "Send invoices in two clicks", "Free plan for one user"), audience="freelancers"),
    Product(name="Harbor Plumbing", brand="Harbor Plumbing", category="home_service", description="Family-run plumbing in Leeds. We answer the phone day and night. Our plumbers arrive with the parts they need. Fixed prices before we start.", features=("Emergency call-outs", "No call-out fee")),
    Product(name="Old Mill Granola", brand="Old Mill", category="snacks", description="Small-batch granola baked with oats, almonds and wildflower honey. No refined sugar. Toasted slowly for a crunch that lasts in milk.", features=("High in fibre", "Resealable bag", "Made in Vermont"), price="8.50", currency="USD"),
    Product(name="Trailwind Running Shoes", brand="Trailwind", category="footwear", description="Lightweight trail running shoes that grip wet rock and drain fast. Recycled mesh upper, 6 mm drop, and a rock plate that protects your feet.", features=("Weighs 240 g", "Vegan"), price="135.00", currency="GBP", audience="trail runners"),
    Product(name="Nimbus Pillow", brand="Nimbus", category="bedding", description="adjustable down-alternative pillow", price="59.00", currency="USD"),
    Product(name="Studio Fjord Desk Lamp", brand="Studio Fjord", category="decor", description="A dimmable oak and brass desk lamp, handmade in Bergen. It throws warm light exactly where you need it and turns off by itself after four hours.", features=("Replaceable bulb", "Linen cord"), price="189.00", currency="EUR"),
    Product(name="Kumo Serum", brand="Kumo", category="skincare", description="Lightweight hydrating serum with hyaluronic acid and green tea. Absorbs in seconds, never feels sticky. Fragrance-free. Cures eczema.", features=("Vegan and cruelty-free", "Refillable 30 ml bottle"), price="32.00", currency="USD", audience="people with dry skin"),
    Product(name="Pawprint Dog Bed", brand="Pawprint", category="pets", description="orthopaedic foam dog bed, machine-washable cover, non-slip base", features=("Three sizes",), price="79.99", currency="USD", audience="dog owners"),
    Product(name="Inkwell Planner", brand="Inkwell", category="stationery", description="An undated daily planner with thick, bleed-proof paper. One page a day, no clutter.", features=("Lies flat", "Two ribbon bookmarks", "Recycled cover"), price="28.00", currency="GBP", audience="list makers"),
    Product(name="Casa Lupo", brand="Casa Lupo", category="restaurant", description="Neighbourhood trattoria in Bristol. Fresh pasta made every morning, natural wines by the glass, and a terrace that gets the evening sun.", features=("Walk-ins welcome", "Set lunch on weekdays")),
    Product(name="Peakform Studio", brand="Peakform", category="gym", description="Small-group reformer pilates studio with eight reformers and patient coaches. Classes from 6 am.", features=("No joining fee", "First class on us"), audience="beginners"),
    Product(name="Pulseboard", brand="Pulseboard", category="developer_software", description="Observability platform for small engineering teams. Pulseboard collects logs, traces and metrics in one place and alerts you before customers notice. Setup takes ten minutes. Works with Kubernetes, AWS and bare metal. Keep costs under control with per-service budgets.", features=("OpenTelemetry native", "No per-seat pricing", "SOC 2 Type II"), audience="startup CTOs"),
    Product(name="Relay Inbox", brand="Relay", category="work_software", description="Shared inbox app for support teams. Assign conversations, see who is replying, and answer customers from one place. Relay Inbox integrates with Slack and Shopify.", features=("Collision detection", "Saved replies", "Weekly report by email"), price="19.00", currency="USD", audience="support teams"),
    Product(name="Lingo Loft", brand="Lingo Loft", category="course", description="Live online Spanish course in groups of six. Speak from the first lesson with teachers from Madrid and Bogotá.", features=("Evening and weekend classes", "Lesson recordings", "Switch groups any time"), price="149.00", currency="EUR", audience="busy professionals"),
    Product(name="Seabright Cottage", brand="Seabright", category="travel", description="Whitewashed cottage on the Cornish coast, two minutes from the beach. Sleeps four. Wood-burning stove, sea views from both bedrooms, and a garden that dogs love.", features=("Dogs welcome", "Late check-out on Sundays")),
    Product(name="Greenroot Fund", brand="Greenroot", category="cause", description="Charity that plants native trees with schools. Every donation pays for seedlings, tools and a day outdoors for a class.", audience="neighbours who want to help"),
    Product(name="Northwind Festival", brand="Northwind", category="event", description="Three-day folk music festival by the lake. Forty artists on two stages, camping under pines, local food.", features=("Free entry for under-12s", "Shuttle bus from the station"), price="95.00", currency="CAD"),
    Product(name="Brightside Dental", brand="Brightside", category="health_service", description="Family dental clinic in Portland with evening appointments. We explain every step and every price before we begin.", features=("Online booking", "Quiet room for nervous patients")),
    Product(name="Volt City e-bike", brand="Volt", category="cycling", description="A step-through e-bike with a belt drive and a removable battery. It rides 80 km on a charge and folds flat for the train. Hydraulic disc brakes.", features=("Integrated lights", "Two-year service plan"), price="1899.00", currency="EUR", audience="city commuters"),
    Product(name="Hearth & Crumb Sourdough", brand="Hearth & Crumb", category="pantry", description="slow-fermented sourdough bread, baked overnight", price="6.20", currency="GBP"),
    Product(name="Quietude Headphones", brand="Quietude", category="audio", description="Over-ear wireless headphones with adaptive noise cancelling. They play for 40 hours, fold into a hard case and connect to two devices at once.", features=("Replaceable ear pads", "Wired mode"), price="249.00", currency="USD", audience="frequent flyers"),
    Product(name="Tidepool Swim School", brand="Tidepool", category="gym", description="Swim school for children and adults. Small groups, warm water, patient instructors. Learn at your own pace.", audience="parents"),
    Product(name="Fable & Fig Building Set", brand="Fable & Fig", category="toys", description="Wooden building set with 120 beech blocks and a cotton storage sack. Children build bridges, castles and marble runs without instructions.", features=("Ages 3 and up", "Water-based paint"), price="64.00", currency="USD", audience="curious families"),
    Product(name="Copperline Coffee", brand="Copperline", category="coffee_tea", description="Single-origin Ethiopian coffee, roasted in small batches. Tasting notes: apricot, jasmine and honey. Shipped within two days of roasting.", features=("Whole bean or ground", "Compostable bag"), price="15.00", currency="USD", audience="home brewers"),
    Product(name="Marlowe & Finch", brand="Marlowe & Finch", category="consulting", description="Employment law firm for small companies. Clear answers in plain English, fixed fees, and a named lawyer who knows your business.", features=("Reply within one working day", "First call free of charge"), audience="founders"),
    Product(name="Orbit Carry-On", brand="Orbit", category="bags", description="A polycarbonate carry-on suitcase with a front laptop pocket. Its silent wheels roll over cobblestones, and the compression strap makes room for one more jumper.", features=("TSA-approved lock", "Fits most cabin limits", "Repair for life"), price="275.00", currency="USD", audience="business travellers"),
    Product(name="Sunday Socks", brand="Sunday", category="fashion", description="merino socks that stay up", features=("Knitted in Portugal", "Reinforced heel"), price="18.00", currency="EUR"),
    Product(name="Stillwater", brand="Stillwater", category="wellbeing_app", description="Meditation app with guided sessions from three minutes. Learn to pause, breathe and begin again. No streaks, no ads, no pressure.", features=("Works offline", "Sessions for the commute", "New sessions every week"), audience="people with full calendars"),
)  # fmt: skip


# Products that the engine was not written with: they came after the frames and the categories, some in the state in which
# customers send them.
UNMET: tuple[Product, ...] = (
    Product(name='Fleetwise', brand='Fleetwise', category='work_software', description='Fleet management software for delivery companies. Fleetwise plans routes, tracks every van in real time and warns drivers before a service is due. Dispatchers see delays on one map. Integrates with SAP and Samsara. Customers get a delivery window by text message.', features=('Route planning', 'Driver app for iOS and Android', 'GDPR-compliant hosting in Frankfurt', 'Onboarding in two weeks'), audience='logistics managers'),
    Product(name='Brightwell Kitchen', brand='Brightwell', category='meals', description='Sunday roast delivered to your door in York'),
    Product(name='The Long Way Home', brand='Harbour Press', category='books', description='The Long Way Home is a novel about two sisters who inherit a lighthouse and a debt. Set on the coast of Maine in 1962. 320 pages, with a map and an afterword by the author.', features=('Hardcover', 'Also as audiobook'), price='24.00', currency='USD', audience='readers of family sagas'),
    Product(name='Watercolour in 10 Evenings', brand='Studio Ida', category='course', description='Online watercolour course for beginners. Ten live evenings with painter Ida Holm. You paint along from the first minute and get personal feedback on every picture. Materials list included.', features=('Recordings for six months', 'Groups of twelve'), price='190.00', currency='EUR', audience='people who have never painted'),
    Product(name='Havenly Home Insurance', brand='Havenly', category='insurance', description='Home insurance you can read in five minutes. Covers fire, water and burglary. Claims are answered by a person within one working day. Cancel monthly.', features=('Bicycles included up to €2,000', 'No excess on glass'), price='9.80', currency='EUR', audience='renters'),
    Product(name='Lumen Hoops', brand='Lumen', category='jewellery', description='small hoop earrings in recycled 14k gold, made in Antwerp', features=('Hypoallergenic', 'Lifetime polishing'), price='180.00', currency='EUR'),
    Product(name='Whisker & Co Litter', brand='Whisker & Co', category='pets', description='clumping tofu cat litter, flushable, low dust, smells of nothing', features=('6-litre bag',), price='11.90', currency='EUR', audience='cat owners'),
    Product(name='Kiln', brand='Kiln', category='drinkware', description='handmade ceramic coffee mugs from Wales'),
    Product(name='GLOW PRO MASSAGE GUN 3000!!!', brand='GlowPro', category='fitness', description='🔥🔥 BEST MASSAGE GUN EVER 🔥🔥\n• 5 SPEEDS + 6 HEADS\n• QUIET MOTOR (45 dB)\n• 8h BATTERY ✅\n• RELIEVES CHRONIC PAIN\nWas $199 / £159 NOW €99!!! FREE SHIPPING\nclick here >>> https://glowpro.example', features=('CARRY CASE INCLUDED',), price='99.00', currency='EUR', audience='athletes'),
    Product(name='Cobbler & Son', brand='Cobbler & Son', category='service', description='Shoe repair shop in Ghent. We resole boots, stitch bags and cut keys while you wait. Open Tuesday to Saturday.', features=('Same-day heel repair',)),
    Product(name='Tally', brand='Tally', category='money_app', description='expense tracker app for couples'),
    Product(name='Verdant Solar', brand='Verdant', category='home_service', description='We install solar panels and batteries on family homes in Bavaria. Our engineers measure your roof, handle the paperwork and connect the system to the grid. You pay when it produces power. 25-year warranty on panels.', features=('Fixed-price offer within 48 hours', 'Monitoring app'), audience='homeowners'),
    Product(name='Ridgeline Backpack', brand='Ridgeline', category='bags', description='The Ridgeline Backpack was designed with mountain guides who carry a pack for a living. It has a 42-litre main compartment, a removable lid and a full-length side zip, so you can reach what is at the bottom without unpacking. The frame is one piece of bent aluminium, which moves your load to the hips. The hip belt has two pockets that fit a phone and a bar. The back panel is made of mesh and keeps your shirt dry. Water runs off the fabric because it is coated twice. There is a sleeve for a two-litre bladder and a loop for each trekking pole. The straps adjust to backs between 42 and 54 cm. We sew every pack in our own workshop in Bolzano, and we repair them there, too. The zips come from YKK. All fabrics are bluesign approved and free of PFAS. The pack weighs 1,180 g. It comes in three colours: slate, moss and rust. You can order spare buckles for as long as we exist. Not suitable as a carry-on. The Ridgeline Backpack was designed with mountain guides who carry a pack for a living. It has a 42-litre main compartment, a removable lid and a full-length side zip, so you can reach what is at the bottom without unpacking. The frame is one piece of bent aluminium, which moves your load to the hips. The hip belt has two pockets that fit a phone and a bar. The back panel is made of mesh and keeps your shirt dry. Water runs off the fabric because it is coated twice. There is a sleeve for a two-litre bladder and a loop for each trekking pole. The straps adjust to backs between 42 and 54 cm. We sew every pack in our own workshop in Bolzano, and we repair them there, too. The zips come from YKK. All fabrics are bluesign approved and free of PFAS. The pack weighs 1,180 g. It comes in three colours: slate, moss and rust. You can order spare buckles for as long as we exist. Not suitable as a carry-on. ', features=('Rain cover included', 'Made in Italy'), price='230.00', currency='EUR', audience='hikers'),
    Product(name='Clearbooks Legal', brand='Clearbooks', category='consulting', description='Contract review for agencies. Send us a contract today, get a marked-up version tomorrow. Our lawyers write comments you can act on. Fixed fee of £290 per contract.', features=('NDAs in four hours', 'Signed-off templates'), audience='agency owners'),
    Product(name='Moss & Meadow', brand='Moss & Meadow', category='flowers', description='florist in Dublin, bouquets by bicycle'),
    Product(name='Hydra+ Electrolytes', brand='Hydra+', category='supplements', description='Electrolyte powder with sodium, potassium and magnesium. Mixes in seconds, no sugar, no caffeine. Boosts immunity and prevents illness. Flavours: lemon, berry, plain.', features=('30 sticks per box', 'Vegan'), price='29.00', currency='USD', audience='runners'),
    Product(name='Nest Learning', brand='Nest', category='course', description="Maths tutoring for teenagers. One-to-one lessons online, with a tutor who stays the same all year. We plan each lesson around the school's curriculum and send parents a short report every Friday.", features=('First lesson free', 'Pause in the holidays'), audience='parents'),
    Product(name='PULSE X1', brand='Pulse', category='tech', description='SMARTWATCH WITH GPS. 14 DAYS BATTERY LIFE. WATERPROOF TO 50 M. HEART RATE SENSOR. ANSWER CALLS FROM YOUR WRIST.', price='129.00', currency='USD'),
    Product(name='Borealis Sauna Tent', brand='Borealis', category='outdoor', description='A wood-fired sauna that fits in the boot of a car. Pitches in fifteen minutes, seats four and heats to 90 °C. The stove and chimney pack into one bag.', features=('Ships from Oulu', 'Spare parts available'), price='1290.00', currency='EUR', audience='lake people'),
    Product(name='Datapatch', brand='Datapatch', category='developer_software', description='Data quality monitoring for analytics teams. Datapatch checks every table after each load, explains what changed and opens a ticket for the right owner. Connects to Snowflake, BigQuery and dbt.', features=('Set up in one afternoon', 'No code', 'SSO included'), audience='data engineers'),
    Product(name="Grandma's Pierogi", brand='Babcia', category='pantry', description='frozen pierogi, potato and cheese, made by hand in Chicago', features=('Ready in 8 minutes',), price='7.50', currency='USD'),
    Product(name='Harvest Table Food Bank', brand='Harvest Table', category='cause', description='We collect surplus food from supermarkets and bring it to families in Bristol. A £10 gift fills a box for a week. Volunteers drive, sort and cook.', audience='neighbours'),
    Product(name='Loop Laundry', brand='Loop', category='service', description='pick-up laundry service in Berlin, back in 24 hours'),
)  # fmt: skip


def brief(
    product: Product,
    platform: Platform = Platform.META,
    format_: Format = Format.SHORT,
    tone: Tone = Tone.CASUAL,
    *,
    instructions: str = "",
    tone_words: tuple[str, ...] = (),
    banned_words: tuple[str, ...] = (),
    spelling: str = "",
) -> CopyBrief:
    """A request for one of the products."""
    return CopyBrief(
        product_name=product.name,
        description=product.description,
        features=product.features,
        price=product.price,
        currency=product.currency,
        landing_page=None,
        audience=product.audience,
        brand_name=product.brand,
        tone_words=tone_words,
        banned_words=banned_words,
        spelling=spelling,
        platform=platform,
        format=format_,
        tone=tone,
        custom_instructions=instructions,
    )
