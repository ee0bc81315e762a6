# ruff: noqa: E501  (a product is one row of a table)
"""Thirty products and services to write for: sparse and rich, goods, food, software, places and causes."""

from __future__ import annotations

from dataclasses import dataclass

from services.copy.domain import CopyBrief, Format, Platform, Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One product of the test set; `category` is the one that it must be recognised as."""

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
