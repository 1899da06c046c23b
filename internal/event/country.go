package event

// country is the code of ISO 3166-1 of a country that a vendor names by its code or its English name; empty if it is neither.
func country(text string) string {
	if len(text) == 2 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' && text[1] <= 'Z' {
		return text
	}
	return countries[text]
}

// countries are the codes of ISO 3166-1 by the English names in use, after the table of the time zone database.
var countries = map[string]string{
	"Afghanistan": "AF", "Albania": "AL", "Algeria": "DZ", "Andorra": "AD", "Angola": "AO", "Anguilla": "AI", "Antarctica": "AQ",
	"Antigua and Barbuda": "AG", "Argentina": "AR", "Armenia": "AM", "Aruba": "AW", "Australia": "AU", "Austria": "AT",
	"Azerbaijan": "AZ", "Bahamas": "BS", "Bahrain": "BH", "Bangladesh": "BD", "Barbados": "BB", "Belarus": "BY", "Belgium": "BE",
	"Belize": "BZ", "Benin": "BJ", "Bermuda": "BM", "Bhutan": "BT", "Bolivia": "BO", "Bosnia and Herzegovina": "BA",
	"Botswana": "BW", "Bouvet Island": "BV", "Brazil": "BR", "British Indian Ocean Territory": "IO",
	"British Virgin Islands": "VG", "Brunei": "BN", "Bulgaria": "BG", "Burkina Faso": "BF", "Burundi": "BI", "Cambodia": "KH",
	"Cameroon": "CM", "Canada": "CA", "Cape Verde": "CV", "Caribbean NL": "BQ", "Cayman Islands": "KY",
	"Central African Rep.": "CF", "Chad": "TD", "Chile": "CL", "China": "CN", "Christmas Island": "CX", "Cocos": "CC",
	"Colombia": "CO", "Comoros": "KM", "Congo": "CG", "Cook Islands": "CK", "Costa Rica": "CR", "Croatia": "HR", "Cuba": "CU",
	"Curaçao": "CW", "Cyprus": "CY", "Czech Republic": "CZ", "Czechia": "CZ", "Côte d'Ivoire": "CI",
	"Democratic Republic of the Congo": "CD", "Denmark": "DK", "Djibouti": "DJ", "Dominica": "DM", "Dominican Republic": "DO",
	"East Timor": "TL", "Ecuador": "EC", "Egypt": "EG", "El Salvador": "SV", "Equatorial Guinea": "GQ", "Eritrea": "ER",
	"Estonia": "EE", "Eswatini": "SZ", "Ethiopia": "ET", "Falkland Islands": "FK", "Faroe Islands": "FO", "Fiji": "FJ",
	"Finland": "FI", "France": "FR", "French Guiana": "GF", "French Polynesia": "PF", "French S. Terr.": "TF", "Gabon": "GA",
	"Gambia": "GM", "Georgia": "GE", "Germany": "DE", "Ghana": "GH", "Gibraltar": "GI", "Greece": "GR", "Greenland": "GL",
	"Grenada": "GD", "Guadeloupe": "GP", "Guam": "GU", "Guatemala": "GT", "Guernsey": "GG", "Guinea": "GN",
	"Guinea-Bissau": "GW", "Guyana": "GY", "Haiti": "HT", "Heard Island and McDonald Islands": "HM", "Honduras": "HN",
	"Hong Kong": "HK", "Hungary": "HU", "Iceland": "IS", "India": "IN", "Indonesia": "ID", "Iran": "IR", "Iraq": "IQ",
	"Ireland": "IE", "Isle of Man": "IM", "Israel": "IL", "Italy": "IT", "Ivory Coast": "CI", "Jamaica": "JM", "Japan": "JP",
	"Jersey": "JE", "Jordan": "JO", "Kazakhstan": "KZ", "Kenya": "KE", "Kiribati": "KI", "Kuwait": "KW", "Kyrgyzstan": "KG",
	"Laos": "LA", "Latvia": "LV", "Lebanon": "LB", "Lesotho": "LS", "Liberia": "LR", "Libya": "LY", "Liechtenstein": "LI",
	"Lithuania": "LT", "Luxembourg": "LU", "Macao": "MO", "Macau": "MO", "Madagascar": "MG", "Malawi": "MW", "Malaysia": "MY",
	"Maldives": "MV", "Mali": "ML", "Malta": "MT", "Marshall Islands": "MH", "Martinique": "MQ", "Mauritania": "MR",
	"Mauritius": "MU", "Mayotte": "YT", "Mexico": "MX", "Micronesia": "FM", "Moldova": "MD", "Monaco": "MC", "Mongolia": "MN",
	"Montenegro": "ME", "Montserrat": "MS", "Morocco": "MA", "Mozambique": "MZ", "Myanmar": "MM", "Namibia": "NA", "Nauru": "NR",
	"Nepal": "NP", "Netherlands": "NL", "New Caledonia": "NC", "New Zealand": "NZ", "Nicaragua": "NI", "Niger": "NE",
	"Nigeria": "NG", "Niue": "NU", "Norfolk Island": "NF", "North Korea": "KP", "North Macedonia": "MK",
	"Northern Mariana Islands": "MP", "Norway": "NO", "Oman": "OM", "Pakistan": "PK", "Palau": "PW", "Palestine": "PS",
	"Panama": "PA", "Papua New Guinea": "PG", "Paraguay": "PY", "Peru": "PE", "Philippines": "PH", "Pitcairn": "PN",
	"Poland": "PL", "Portugal": "PT", "Puerto Rico": "PR", "Qatar": "QA", "Republic of Korea": "KR",
	"Republic of the Congo": "CG", "Romania": "RO", "Russia": "RU", "Russian Federation": "RU", "Rwanda": "RW", "Réunion": "RE",
	"Saint Barthelemy": "BL", "Saint Helena": "SH", "Saint Kitts and Nevis": "KN", "Saint Lucia": "LC", "Saint Maarten": "SX",
	"Saint Martin": "MF", "Saint Pierre and Miquelon": "PM", "Saint Vincent": "VC", "Samoa": "WS", "San Marino": "SM",
	"Sao Tome and Principe": "ST", "Saudi Arabia": "SA", "Senegal": "SN", "Serbia": "RS", "Seychelles": "SC",
	"Sierra Leone": "SL", "Singapore": "SG", "Slovakia": "SK", "Slovenia": "SI", "Solomon Islands": "SB", "Somalia": "SO",
	"South Africa": "ZA", "South Georgia and the South Sandwich Islands": "GS", "South Korea": "KR", "South Sudan": "SS",
	"Spain": "ES", "Sri Lanka": "LK", "Sudan": "SD", "Suriname": "SR", "Svalbard and Jan Mayen": "SJ", "Sweden": "SE",
	"Switzerland": "CH", "Syria": "SY", "Taiwan": "TW", "Tajikistan": "TJ", "Tanzania": "TZ", "Thailand": "TH", "Togo": "TG",
	"Tokelau": "TK", "Tonga": "TO", "Trinidad and Tobago": "TT", "Tunisia": "TN", "Turkey": "TR", "Turkmenistan": "TM",
	"Turks and Caicos Is": "TC", "Tuvalu": "TV", "Türkiye": "TR", "U.S. Virgin Islands": "VI", "US minor outlying islands": "UM",
	"Uganda": "UG", "Ukraine": "UA", "United Arab Emirates": "AE", "United Kingdom": "GB", "United States": "US",
	"Uruguay": "UY", "Uzbekistan": "UZ", "Vanuatu": "VU", "Vatican City": "VA", "Venezuela": "VE", "Viet Nam": "VN",
	"Vietnam": "VN", "Wallis and Futuna": "WF", "Western Sahara": "EH", "Yemen": "YE", "Zambia": "ZM", "Zimbabwe": "ZW",
	"Åland Islands": "AX",
}
