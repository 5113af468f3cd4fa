#include "generate/words.h"

const struct ep_word_currency ep_word_currencies[EP_N_CURRENCIES] = {
    {"USD", 2, 9200}, {"EUR", 2, 10000}, {"GBP", 2, 11600}, {"CHF", 2, 10500}, {"JPY", 0, 62},
};

const struct ep_word_country ep_word_countries[EP_N_COUNTRIES] = {
    {"France",
     "FR",
     1,
     20,
     {"Lyon", "Nantes", "Besançon", "Lille"},
     {"Rue des Tilleuls", "Rue du Moulin", "Allée des Érables", "Quai Neuf"}},
    {"Germany",
     "DE",
     1,
     12,
     {"Köln", "Leipzig", "Bremen", "Kassel"},
     {"Lindenstraße", "Mühlweg", "Am Anger", "Gartenweg"}},
    {"Spain",
     "ES",
     1,
     6,
     {"Málaga", "Gijón", "Valencia", "Burgos"},
     {"Calle Mayor", "Calle del Río", "Avenida Norte", "Plaza Nueva"}},
    {"Italy",
     "IT",
     1,
     5,
     {"Torino", "Forlì", "Bari", "Parma"},
     {"Via Verdi", "Via del Sole", "Corso Nuovo", "Viale dei Pini"}},
    {"United Kingdom",
     "GB",
     2,
     7,
     {"Leeds", "Bristol", "York", "Exeter"},
     {"Mill Lane", "Oak Street", "Station Road", "High Street"}},
    {"Switzerland",
     "CH",
     3,
     3,
     {"Zürich", "Genève", "Bern", "Lugano"},
     {"Seestrasse", "Rue du Lac", "Bahnweg", "Via Lago"}},
    {"United States",
     "US",
     0,
     45,
     {"Portland", "Austin", "Madison", "Dayton"},
     {"Maple Street", "2nd Avenue", "Lake Drive", "Hill Road"}},
    {"Japan",
     "JP",
     4,
     2,
     {"Sendai", "Kobe", "Nara", "Otaru"},
     {"Sakura-dori", "Midori-cho", "Minato", "Kita"}},
};

const struct ep_word_category ep_word_categories[EP_N_CATEGORIES] = {
    {"home", "Home", -1},
    {"kitchen", "Kitchen", -1},
    {"garden", "Garden", -1},
    {"sport", "Sport", -1},
    {"toys", "Toys", -1},
    {"books", "Books", -1},
    {"electronics", "Electronics", -1},
    {"fashion", "Fashion", -1},
    {"home_lighting", "Lighting", 0},
    {"home_textile", "Home textiles", 0},
    {"kitchen_cookware", "Cookware", 1},
    {"kitchen_tableware", "Tableware", 1},
    {"garden_tools", "Garden tools", 2},
    {"garden_furniture", "Garden furniture", 2},
    {"sport_outdoor", "Outdoor", 3},
    {"sport_fitness", "Fitness", 3},
    {"toys_games", "Games", 4},
    {"toys_plush", "Plush toys", 4},
    {"books_novels", "Novels", 5},
    {"books_comics", "Comics", 5},
    {"electronics_audio", "Audio", 6},
    {"electronics_computing", "Computing", 6},
    {"fashion_shoes", "Shoes", 7},
    {"fashion_bags", "Bags", 7},
};

const struct ep_word_noun ep_word_nouns[EP_N_NOUNS] = {
    {"Lamp", "LMP", 8, 1900, 900},         {"Lantern", "LNT", 8, 1500, 400},
    {"Candle", "CND", 8, 600, 200},        {"Cushion", "CSH", 9, 900, 300},
    {"Blanket", "BLK", 9, 1900, 700},      {"Curtain", "CRT", 9, 2400, 900},
    {"Saucepan", "SCP", 10, 1800, 800},    {"Skillet", "SKL", 10, 2200, 900},
    {"Teapot", "TPT", 10, 1600, 500},      {"Plate", "PLT", 11, 500, 200},
    {"Mug", "MUG", 11, 700, 150},          {"Bowl", "BWL", 11, 600, 250},
    {"Spade", "SPD", 12, 1700, 500},       {"Rake", "RKE", 12, 1400, 400},
    {"Secateurs", "SCT", 12, 1900, 600},   {"Bench", "BNC", 13, 7900, 3000},
    {"Parasol", "PRS", 13, 5900, 2500},    {"Hammock", "HMK", 13, 3900, 1500},
    {"Tent", "TNT", 14, 6900, 4000},       {"Backpack", "BKP", 14, 3900, 2000},
    {"Flask", "FLK", 14, 1200, 400},       {"Kettlebell", "KTB", 15, 2500, 900},
    {"Yoga mat", "YGM", 15, 1900, 600},    {"Rope", "RPE", 15, 800, 200},
    {"Puzzle", "PZL", 16, 1200, 500},      {"Card game", "CRD", 16, 900, 300},
    {"Chess set", "CHS", 16, 2400, 1200},  {"Bear", "BEA", 17, 1500, 600},
    {"Rabbit", "RBT", 17, 1400, 500},      {"Dragon", "DRG", 17, 1900, 700},
    {"Novel", "NVL", 18, 800, 180},        {"Mystery", "MST", 18, 900, 150},
    {"Saga", "SGA", 18, 1100, 250},        {"Comic", "CMC", 19, 700, 150},
    {"Manga", "MNG", 19, 690, 100},        {"Album", "ALB", 19, 1300, 300},
    {"Headphones", "HDP", 20, 3900, 4000}, {"Speaker", "SPK", 20, 4900, 5000},
    {"Radio", "RAD", 20, 2900, 1500},      {"Keyboard", "KBD", 21, 2900, 2500},
    {"Mouse", "MSE", 21, 1500, 900},       {"Monitor", "MON", 21, 12900, 6000},
    {"Sneakers", "SNK", 22, 4900, 2000},   {"Boots", "BTS", 22, 6900, 3000},
    {"Sandals", "SND", 22, 2900, 1000},    {"Tote", "TOT", 23, 1900, 800},
    {"Satchel", "STC", 23, 5900, 2500},    {"Wallet", "WLT", 23, 1900, 900},
};

const char *const ep_word_adjectives[EP_N_ADJECTIVES] = {
    "Oak",    "Linen",   "Copper", "Nordic", "Silent",  "Bright", "Little", "Grand",
    "Alpine", "Coastal", "Urban",  "Rustic", "Classic", "Modern", "Velvet", "Amber",
    "Misty",  "Solar",   "Lunar",  "Forest", "River",   "Crème",  "Façade", "Azure",
};

const char *const ep_word_first[EP_N_FIRST][2] = {
    {"Ana", "ana"},       {"Élodie", "elodie"}, {"Tom", "tom"},   {"Zoé", "zoe"},     {"Max", "max"},
    {"Lena", "lena"},     {"Hugo", "hugo"},     {"Inès", "ines"}, {"Jonas", "jonas"}, {"Maya", "maya"},
    {"Noah", "noah"},     {"Clara", "clara"},   {"Théo", "theo"}, {"Sofia", "sofia"}, {"Karl", "karl"},
    {"Giulia", "giulia"}, {"Marco", "marco"},   {"Emma", "emma"}, {"José", "jose"},   {"Ruth", "ruth"},
    {"Paul", "paul"},     {"Nora", "nora"},     {"Liam", "liam"}, {"Ida", "ida"},     {"Jürgen", "jurgen"},
    {"Alice", "alice"},   {"Oscar", "oscar"},   {"Mei", "mei"},   {"Ken", "ken"},     {"Yuki", "yuki"},
    {"Rosa", "rosa"},     {"Anton", "anton"},
};

const char *const ep_word_last[EP_N_LAST][2] = {
    {"Diaz", "diaz"},     {"Morel", "morel"},       {"Lindner", "lindner"}, {"Brook", "brook"},
    {"Ferri", "ferri"},   {"Lefèvre", "lefevre"},   {"Hale", "hale"},       {"Sato", "sato"},
    {"Nuñez", "nunez"},   {"Krüger", "kruger"},     {"Rossi", "rossi"},     {"Petit", "petit"},
    {"Ward", "ward"},     {"Blanc", "blanc"},       {"Vogel", "vogel"},     {"Marsh", "marsh"},
    {"Gallo", "gallo"},   {"Roux", "roux"},         {"Stein", "stein"},     {"Pryce", "pryce"},
    {"Costa", "costa"},   {"Meyer", "meyer"},       {"Dubois", "dubois"},   {"O'Hara", "ohara"},
    {"Tanaka", "tanaka"}, {"Béranger", "beranger"}, {"Keller", "keller"},   {"Lopez", "lopez"},
    {"Frost", "frost"},   {"Winter", "winter"},     {"Salas", "salas"},     {"Huber", "huber"},
};

const char *const ep_word_brands[EP_N_BRANDS] = {
    "Lumo",        "Fjell",   "Casalta", "Brindle", "Orvea",  "Tamsin", "Kuro",   "Maréa",
    "Pell & Sons", "Nivalis", "Odile",   "Hestia",  "Quorra", "Vantis", "Yarrow", "Zephe",
};

const char *const ep_word_colours[EP_N_COLOURS] = {
    "blue", "black", "white", "red", "green", "sand", "grey", "saffron",
};

const char *const ep_word_phrases[EP_N_PHRASES] = {
    "made to last",
    "light and easy to store",
    "now with a better finish",
    "a favourite of our customers",
    "with a two-year guarantee",
    "new edition",
    "from renewable materials",
    "packed without plastic",
    "ideal as a gift",
    "designed in Besançon",
    "easy to clean",
    "in a limited series",
};

const char *const ep_word_agents[EP_N_AGENTS] = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0",
};

const char *const ep_word_domains[3] = {"example.com", "example.org", "example.net"};
