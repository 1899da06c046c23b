package docx

// The parts of the file that are the same in every document.
const (
	head       = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	namespaces = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture" xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"`

	contentTypes = head + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/>` +
		`<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>` +
		`<Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/>` +
		`<Override PartName="/word/numbering.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.numbering+xml"/>` +
		`<Override PartName="/word/settings.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.settings+xml"/>` +
		`<Override PartName="/word/header1.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.header+xml"/>` +
		`<Override PartName="/word/header2.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.header+xml"/>` +
		`<Override PartName="/word/footer1.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml"/>` +
		`<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>` +
		`<Override PartName="/docProps/app.xml" ContentType="application/vnd.openxmlformats-officedocument.extended-properties+xml"/></Types>`

	packageRels = head + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>` +
		`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/>` +
		`<Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/extended-properties" Target="docProps/app.xml"/></Relationships>`

	documentRels = head + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>` +
		`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/numbering" Target="numbering.xml"/>` +
		`<Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/settings" Target="settings.xml"/>` +
		`<Relationship Id="rId4" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/header" Target="header1.xml"/>` +
		`<Relationship Id="rId5" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/footer" Target="footer1.xml"/>` +
		`<Relationship Id="rId6" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/header" Target="header2.xml"/></Relationships>`

	appProps = head + `<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"><Application>Tickmark</Application></Properties>`

	// The fields are filled when the document is opened.
	settings = head + `<w:settings ` + namespaces + `><w:defaultTabStop w:val="720"/><w:updateFields w:val="true"/><w:compat><w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat></w:settings>`

	// A4 with margins of 2 cm; the cover has neither a running head nor a foot.
	sectionProps = `<w:sectPr><w:headerReference w:type="default" r:id="rId4"/><w:headerReference w:type="first" r:id="rId6"/><w:footerReference w:type="default" r:id="rId5"/><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1304" w:right="1134" w:bottom="1304" w:left="1134" w:header="624" w:footer="624" w:gutter="0"/><w:titlePg/></w:sectPr>`

	numbering = head + `<w:numbering ` + namespaces + `>` +
		`<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="bullet"/><w:lvlText w:val="–"/><w:lvlJc w:val="left"/><w:pPr><w:ind w:left="360" w:hanging="360"/></w:pPr></w:lvl></w:abstractNum>` +
		`<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/><w:lvlJc w:val="left"/><w:pPr><w:ind w:left="360" w:hanging="360"/></w:pPr></w:lvl></w:abstractNum>` +
		`<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num></w:numbering>`
)

// style is a paragraph style: properties of the paragraph and of its text.
func style(id, name, based, paragraph, text string) string {
	out := `<w:style w:type="paragraph" w:styleId="` + id + `"><w:name w:val="` + name + `"/>`
	if based != "" {
		out += `<w:basedOn w:val="` + based + `"/>`
	}
	return out + `<w:qFormat/><w:pPr>` + paragraph + `</w:pPr><w:rPr>` + text + `</w:rPr></w:style>`
}

const (
	sheetRule = `<w:bottom w:val="single" w:sz="4" w:space="0" w:color="E3DFD6"/>`
	cellRoom  = `<w:tblCellMar><w:top w:w="40" w:type="dxa"/><w:left w:w="70" w:type="dxa"/><w:bottom w:w="40" w:type="dxa"/><w:right w:w="70" w:type="dxa"/></w:tblCellMar>`
)

// styles are the looks of the document: ink on paper, ruled lines, the accountant's double rule under totals.
var styles = head + `<w:styles ` + namespaces + `><w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:cs="Calibri" w:eastAsia="Calibri"/><w:color w:val="17202C"/><w:sz w:val="20"/><w:szCs w:val="20"/><w:lang w:val="en-GB"/></w:rPr></w:rPrDefault>` +
	`<w:pPrDefault><w:pPr><w:spacing w:after="120" w:line="264" w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults>` +
	`<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/><w:qFormat/></w:style>` +
	`<w:style w:type="table" w:default="1" w:styleId="TableNormal"><w:name w:val="Normal Table"/><w:tblPr><w:tblInd w:w="0" w:type="dxa"/>` + cellRoom + `</w:tblPr></w:style>` +
	style("Title", "Title", "Normal", `<w:spacing w:before="240" w:after="240" w:line="240" w:lineRule="auto"/>`, `<w:b/><w:sz w:val="52"/>`) +
	style("Subtitle", "Subtitle", "Normal", `<w:spacing w:after="480"/>`, `<w:color w:val="44505F"/><w:sz w:val="26"/>`) +
	style("CoverOrg", "Cover organisation", "Normal", `<w:pBdr><w:bottom w:val="single" w:sz="12" w:space="8" w:color="17202C"/></w:pBdr><w:spacing w:before="1200"/>`, `<w:b/><w:color w:val="44505F"/><w:sz w:val="26"/>`) +
	style("Stamp", "Stamp", "Normal", `<w:pBdr><w:top w:val="single" w:sz="8" w:space="8" w:color="17202C"/><w:left w:val="single" w:sz="8" w:space="8" w:color="17202C"/><w:bottom w:val="single" w:sz="8" w:space="8" w:color="17202C"/><w:right w:val="single" w:sz="8" w:space="8" w:color="17202C"/></w:pBdr><w:spacing w:after="360"/><w:ind w:left="160" w:right="160"/>`, `<w:sz w:val="22"/>`) +
	style("Heading1", "heading 1", "Normal", `<w:keepNext/><w:pBdr><w:bottom w:val="single" w:sz="8" w:space="6" w:color="17202C"/></w:pBdr><w:spacing w:after="200"/><w:outlineLvl w:val="0"/>`, `<w:b/><w:sz w:val="36"/>`) +
	style("Heading2", "heading 2", "Normal", `<w:keepNext/><w:spacing w:before="320" w:after="120"/><w:outlineLvl w:val="1"/>`, `<w:b/><w:sz w:val="28"/>`) +
	style("Heading3", "heading 3", "Normal", `<w:keepNext/><w:pBdr><w:top w:val="single" w:sz="4" w:space="6" w:color="CFC9BD"/></w:pBdr><w:spacing w:before="280" w:after="80"/><w:outlineLvl w:val="2"/>`, `<w:b/><w:sz w:val="24"/>`) +
	style("Heading4", "heading 4", "Normal", `<w:keepNext/><w:spacing w:before="200" w:after="60"/><w:outlineLvl w:val="3"/>`, `<w:b/><w:sz w:val="21"/>`) +
	style("ContentsHeading", "Contents heading", "Normal", `<w:keepNext/><w:spacing w:after="200"/>`, `<w:b/><w:sz w:val="36"/>`) +
	style("TOC1", "toc 1", "Normal", `<w:tabs><w:tab w:val="right" w:leader="dot" w:pos="9638"/></w:tabs><w:spacing w:before="120" w:after="40"/>`, `<w:b/>`) +
	style("TOC2", "toc 2", "Normal", `<w:tabs><w:tab w:val="right" w:leader="dot" w:pos="9638"/></w:tabs><w:spacing w:after="20"/><w:ind w:left="240"/>`, ``) +
	style("TOC3", "toc 3", "Normal", `<w:tabs><w:tab w:val="right" w:leader="dot" w:pos="9638"/></w:tabs><w:spacing w:after="20"/><w:ind w:left="480"/>`, ``) +
	style("Lead", "Lead", "Normal", `<w:spacing w:after="200"/>`, `<w:color w:val="44505F"/><w:sz w:val="22"/>`) +
	style("Small", "Small", "Normal", `<w:spacing w:before="60" w:after="160"/>`, `<w:color w:val="5F6977"/><w:sz w:val="17"/>`) +
	style("Question", "Question", "Normal", `<w:spacing w:after="80"/>`, `<w:i/><w:color w:val="44505F"/>`) +
	style("Result", "Result", "Normal", ``, ``) +
	style("Callout", "Callout", "Normal", `<w:pBdr><w:left w:val="single" w:sz="24" w:space="8" w:color="BD7700"/></w:pBdr><w:spacing w:after="80"/><w:ind w:left="240"/>`, `<w:sz w:val="19"/>`) +
	style("ListBullet", "List Bullet", "Normal", `<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr><w:spacing w:after="60"/>`, ``) +
	style("ListNumber", "List Number", "Normal", `<w:numPr><w:ilvl w:val="0"/><w:numId w:val="2"/></w:numPr><w:spacing w:after="60"/>`, ``) +
	style("Caption", "caption", "Normal", `<w:keepNext/><w:spacing w:before="120" w:after="60"/>`, `<w:b/><w:color w:val="44505F"/><w:sz w:val="18"/>`) +
	style("TableText", "Table text", "Normal", `<w:spacing w:after="0" w:line="247" w:lineRule="auto"/>`, `<w:sz w:val="18"/>`) +
	style("TableHead", "Table head", "TableText", `<w:keepNext/>`, `<w:b/><w:color w:val="5F6977"/><w:sz w:val="17"/>`) +
	style("TableKey", "Table key", "TableText", ``, `<w:color w:val="5F6977"/>`) +
	style("TableGroup", "Table group", "TableText", `<w:keepNext/><w:shd w:val="clear" w:color="auto" w:fill="F1EFE9"/>`, `<w:b/>`) +
	style("TableTotal", "Table total", "TableText", `<w:pBdr><w:top w:val="single" w:sz="6" w:space="1" w:color="44505F"/><w:bottom w:val="double" w:sz="6" w:space="1" w:color="44505F"/></w:pBdr>`, `<w:b/>`) +
	style("Gap", "Gap", "Normal", `<w:spacing w:after="0" w:line="160" w:lineRule="exact"/>`, `<w:sz w:val="8"/>`) +
	style("Strip", "Strip", "Normal", `<w:spacing w:before="80" w:after="0" w:line="240" w:lineRule="auto"/>`, ``) +
	style("StripMonths", "Strip months", "Normal", `<w:spacing w:after="20" w:line="200" w:lineRule="exact"/>`, `<w:color w:val="5F6977"/><w:sz w:val="14"/>`) +
	style("Header", "header", "Normal", `<w:spacing w:after="0"/>`, `<w:color w:val="5F6977"/><w:sz w:val="16"/>`) +
	style("Footer", "footer", "Normal", `<w:spacing w:after="0"/>`, `<w:color w:val="5F6977"/><w:sz w:val="16"/>`) +
	`<w:style w:type="table" w:styleId="TickmarkTable"><w:name w:val="Tickmark table"/><w:basedOn w:val="TableNormal"/><w:tblPr><w:tblBorders><w:top w:val="single" w:sz="8" w:space="0" w:color="44505F"/>` + sheetRule + `<w:insideH w:val="single" w:sz="4" w:space="0" w:color="E3DFD6"/></w:tblBorders>` + cellRoom + `</w:tblPr>` +
	`<w:tblStylePr w:type="firstRow"><w:tcPr><w:tcBorders><w:bottom w:val="single" w:sz="6" w:space="0" w:color="44505F"/></w:tcBorders></w:tcPr></w:tblStylePr></w:style>` +
	`<w:style w:type="table" w:styleId="TickmarkPairs"><w:name w:val="Tickmark pairs"/><w:basedOn w:val="TableNormal"/><w:tblPr><w:tblBorders><w:top w:val="single" w:sz="4" w:space="0" w:color="E3DFD6"/>` + sheetRule + `<w:insideH w:val="single" w:sz="4" w:space="0" w:color="E3DFD6"/></w:tblBorders>` + cellRoom + `</w:tblPr></w:style></w:styles>`
