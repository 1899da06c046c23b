package life

import (
	"strconv"
	"strings"
)

// Given names and family names of many places. Every combination is invented.
var firstNames = strings.Fields(`
Aaliyah Adaeze Adrián Agnieszka Aiko Ailbhe Aisha Akira Alejandra Alma Amara Amélie Amina Anders Andrej Aneta Anh Anika
Anton Arjun Astrid Ayşe Beatriz Benedikt Bilal Birgit Bohdan Bruno Camila Carlos Catalina Chiara Chidi Chloé Ciarán Clara
Daichi Dalia Damir Daniela Dario Deepa Diego Dilnoza Dmitri Dorota Edita Eero Elena Eleni Elif Emeka Emil Emre Esperanza
Esther Ewa Fatima Felipe Femi Filip Fiona Florian Francesca Freya Gabriel Gaia Giorgi Grace Greta Guillermo Gunnar Hana
Hannah Haruto Hassan Helga Henrik Hiroshi Hugo Ibrahim Ida Ifeoma Ilse Imani Inês Ingrid Irina Isabel Ismail Ivana Jakub
Jamal Janneke Javier Jelena Joana Jonas Joon Jorge Josephine Júlia Kaito Kamila Karim Kasia Katarina Keiko Kofi Kristian
Kwame Laila Lamine Lars Laszlo Leila Leonor Liam Lina Linh Liv Lorena Luca Lucía Ludmila Lukas Maarten Mads Magda Mai
Malik Manuela Marek Margit Mariam Marta Mateo Matthias Mehmet Mei Mikael Milena Min Mira Mohammed Monika Nadia Naomi
Nikhil Niklas Nils Nina Noor Nuno Olga Oluwaseun Omar Oskar Otto Pablo Paloma Pavel Pedro Petra Philippa Pilar Priya
Quentin Radek Rafael Rania Ravi Renata Rin Roberto Rosa Ruben Saanvi Sakura Salma Samira Sanna Santiago Sara Sebastian
Selma Shirin Sigrid Simone Sofía Sora Stefan Sunita Svetlana Tadeusz Tamar Tanvi Tariq Teresa Thabo Theo Thuy Tiago Tomás
Tove Ulrike Uma Valentina Vera Victor Viktor Vivian Wanjiru Wei Wiktor Yael Yara Yasmin Youssef Yuki Yusuf Zainab Zofia
Zoran Zuri`)

var lastNames = strings.Fields(`
Abara Abdi Achterberg Adeyemi Aguilar Ahlberg Aihara Akintola Albrecht Almeida Alonso Alvarsson Amadi Andersen Andrade
Aoki Arslan Asante Aydın Bakker Balogun Banerjee Baptista Baranowski Barbosa Bauer Becker Belinsky Benali Berg Bergström
Bernardi Bhatt Bianchi Blaise Boateng Borges Bosch Braun Brandt Brennan Burke Byrne Cabrera Campos Cardoso Carlsen Castellano
Chandra Chaudhari Chen Cheung Choi Cisse Coelho Conti Cordeiro Correia Costa Cruz Dąbrowska Dahl Darwish Delacroix Delgado
Demir Desai Diallo Dimitrov Diop Dogan Donnelly Duarte Dvořák Egede Eide Ekström Eriksen Espinoza Estrada Fabre Faria
Farouk Fernandes Ferrari Fischer Fofana Fonseca Forsberg Fujita Gallo García Gill Goldberg Gomes Górski Grant Greco
Grünwald Gupta Gutiérrez Haddad Hakimi Halonen Hamid Hansen Haraldsson Hartmann Hasegawa Hassan Heikkinen Hernández
Hidalgo Hoang Hofer Holm Horvat Huang Hughes Ibarra Ibrahim Ilić Inoue Iyer Jackson Janssen Jensen Jiménez Johansen
Joshi Jovanović Kamara Kaplan Karlsson Kato Kaur Keane Khalil Khan Kimura Kiplagat Klein Kobayashi Koch Kone Kovačić
Kowalska Kozłowski Krause Kruger Kumar Kuznetsova Lam Larsen Laurent Lehtonen Lemaire Leung Lindqvist Liu Lombardi
Lopes Lukić MacLeod Mahlangu Malhotra Mansour Marchetti Markovic Martel Matsuda Mbeki Medina Mehta Melo Mendes Meyer
Mikkelsen Mishra Mizrahi Moreau Moretti Mori Müller Mutua Nakamura Navarro Ndiaye Neumann Ng Nguyen Nielsen Nikolaidis
Njoroge Novak Nowak Nwosu O'Brien O'Connor Oduya Ogawa Okafor Olsen Ono Oliveira Ortega Osei Ozturk Pacheco Paiva Papadakis
Park Patel Pereira Peters Petrov Pham Pinto Popescu Quispe Rahman Ramos Rao Rasmussen Reyes Ribeiro Richter Ricci Rojas
Romano Rossi Roth Sahin Saito Salazar Sandoval Santos Sato Schmitt Schneider Sequeira Serrano Shah Sharma Shimizu Silva
Singh Sithole Sjöberg Skov Solberg Sørensen Sow Stein Suzuki Svensson Szabo Takahashi Tamm Tanaka Tavares Tesfaye
Thapa Thomsen Toivonen Torres Tran Traoré Tsai Ueda Ulrich Vaidya Van Vargas Vasquez Vega Verma Vermeulen Vieira Virtanen
Vogel Wagner Wallin Wang Watanabe Weber Winther Wolff Wong Yamada Yang Yildiz Yoon Zamora Zhang Zielińska Zulu`)

// fold writes the letters used above that are not plain Latin as mail addresses write them.
var fold = strings.NewReplacer("á", "a", "ą", "a", "ä", "a", "å", "a", "č", "c", "ć", "c", "é", "e", "ê", "e", "ę", "e",
	"í", "i", "ı", "i", "ł", "l", "ń", "n", "ñ", "n", "ó", "o", "ö", "o", "ø", "o", "ř", "r", "ş", "s", "ü", "u", "ú", "u",
	"ý", "y", "ź", "z", "ž", "z", "'", "", "’", "")

func plain(s string) string { return fold.Replace(strings.ToLower(s)) }

// Domain is the company's mail domain.
const Domain = "northwind.example"

// christen gives person i a name and an address that nobody else has.
func (b *builder) christen(i int32) {
	p := &b.w.People[i]
	d := roll(b.w.Seed, forName, int(i))
	p.First, p.Last = pick(d, firstNames), pick(d, lastNames)
	local := plain(p.First) + "." + plain(p.Last)
	b.addresses[local]++
	if n := b.addresses[local]; n > 1 {
		local += strconv.Itoa(n)
	}
	p.Email = local + "@" + Domain
}

var loginWords = strings.Fields("amber basalt cedar delta ember fjord granite heron indigo juniper kestrel lichen maple " +
	"nimbus ochre pebble quartz raven saffron tundra umber violet willow yarrow zephyr otter badger lynx sparrow finch")

// handle invents a login on the code host, which people chose themselves and which need not resemble their name.
func (b *builder) handle(i int32) string {
	p := &b.w.People[i]
	d := roll(b.w.Seed, forLogin, int(i))
	first, last := plain(p.First), plain(p.Last)
	var s string
	switch d.IntN(7) {
	case 0, 1:
		s = last + "-" + first[:1]
	case 2:
		s = first[:1] + last
	case 3:
		s = first + strconv.Itoa(d.between(10, 99))
	case 4:
		s = last + "-dev"
	case 5:
		s = first + "-" + last[:1]
	default:
		s = pick(d, loginWords) + pick(d, loginWords) + strconv.Itoa(d.between(1, 9))
	}
	b.handles[s]++
	if n := b.handles[s]; n > 1 {
		s += "-" + strconv.Itoa(n)
	}
	return s
}
