"""KEPT APART: words and forms of the vocabulary "last". Do not read this file when you work on the reader.

`python -m tests.exports.score --vocabulary last` is run once, at the very end of a round of work on the reader. Of the
same kind as `kept_apart.py`, and it shares no word and no form with that. The forms are in `kept_last_forms.py`.
"""

from __future__ import annotations

from tests.exports.kept_last_forms import FORMS as FORMS
from tests.exports.vocabulary import Dialect

LANGUAGE_HEADERS: dict[str, Dialect] = {
    "en": {
        "call_id": "Call Record #|Segment UUID|Conversation Key|Call SID|Unique Call Identifier", "agent_email": "Email of Agent|Emp. Email|Answering User (e-mail)|Advisor mail address|Operator E-mail", "agent_name": "Emp. Name|Answering User|Handler|Agent Full Name|Operator Name",
        "product": "Product/Service|Item Discussed|Plan Name|Product Group", "product_id": "SKU ID|Product #", "queue": "Inbound Queue|Call Flow|Workgroup", "start": "Initiated|Call Timestamp|Arrival Time|When|Moment of Call", "date": "Calendar Day|Call Day",
        "time": "Time of Call|Clock", "end": "Terminated|Call Finish|Wrap Time End", "created": "Ingested On|Modified Date|Archive Date", "duration": "Total Talk|Handle Duration|Call Len.", "zone": "IANA Zone|Region TZ",
        "transcript": "Transcribed Speech|Conversation Log|Interaction Text|Call Script (as spoken)|Transcr.", "line_text": "Speech|Turn Text|Words|Transcribed Line", "line_role": "Channel Owner|Speaking Party|Turn Owner|Actor", "line_start": "Turn Start|Pos From|Elapsed In",
        "line_stop": "Turn End|Pos To|Elapsed Out", "line_time": "Turn Timestamp|Date-Time of Line", "line_seq": "Turn No|Utt #|Order", "agent_side": "Agent Lines|From the agent|Agent Track", "customer_side": "Customer Lines|From the customer|Customer Track",
        "customer_name": "Client Name|Person Calling|End Customer", "customer_email": "Client Email|Contact Address (email)", "phone": "Caller ID|From No.|Callback Number", "direction": "Inbound?|Origin Type", "csat": "Feedback (1-5)|Sat. Rating|Customer Mood Score",
        "notes": "Handler Comments|Disposition Notes", "summary": "Short Description|Call Abstract",
    },
    "de": {
        "call_id": "Call-Nr.|Fallnummer|Eindeutige Gesprächs-Nr.|Gesprächsschlüssel", "agent_email": "E-Mail-Adresse des Agenten|Agent (E-Mail)|Mail MA|Benutzer-E-Mail", "agent_name": "Agentin/Agent|Betreut durch|Name MA|Benutzer", "product": "Tarif|Leistung|Thema Produkt|Produktbezeichnung",
        "product_id": "Produktschlüssel|Prod-ID", "queue": "Routinggruppe|Schlange|Eingangskanal", "start": "Anruf-Startpunkt|Eingang|Wann|Gesprächsstart|Startzeitpunkt", "date": "Gesprächstag|Kalendertag", "time": "Zeit Beginn|Uhr", "end": "Beendet|Gesprächsschluss", "created": "Exportiert am|Archiviert am",
        "duration": "Sprechzeit|Dauer gesamt|Anruflänge", "zone": "IANA-Zone|Zeitzone Standort", "transcript": "Gesprächsinhalt|Transkript (Text)|Verschriftlichung|Dialogtext|Sprache-zu-Text", "line_text": "Redebeitrag|Zeilentext|Wörter", "line_role": "Redende|Sprechseite|Kanal von|Teilnehmer",
        "line_start": "Einsatz|Zeit von|Beginn im Anruf", "line_stop": "Ausklang|Zeit bis|Ende im Anruf", "line_time": "Datum/Zeit Zeile|Zeitpunkt Beitrag", "line_seq": "Beitrag Nr.|Zeilennummer|Folge", "agent_side": "Agent-Spur|Das sagte der Agent", "customer_side": "Kunden-Spur|Das sagte der Kunde",
        "customer_name": "Anrufender Kunde|Vor- und Nachname|Kontaktperson", "customer_email": "Mail des Kunden|Kontakt-E-Mail", "phone": "Nummer des Anrufers|Fon", "direction": "Eingehend?|Typ Anruf", "csat": "Note (1-5)|Umfragewert", "notes": "Kommentar Agent|Abschlussnotiz", "summary": "Kurzbeschreibung|Überblick",
    },
    "fr": {
        "call_id": "Numéro unique d'appel|Clé conversation|ID contact|ID séquence", "agent_email": "Email de l'agent|Utilisateur (e-mail)|Courriel agent|Mél conseiller", "agent_name": "Prénom Nom agent|Traité par|Utilisateur|Conseiller(ère)", "product": "Contrat|Produit / service|Thème produit|Libellé produit",
        "product_id": "Clé produit|Id. produit", "queue": "Flux entrant|Pôle|File ACD", "start": "Arrivée appel|Quand|Appel du|Début d'échange|Ouverture appel", "date": "Jour calendaire|Date échange", "time": "Horaire|Heure échange", "end": "Clôture|Fin d'échange", "created": "Exporté le|Archivé le",
        "duration": "Temps total|Durée échange|Durée parlée", "zone": "Zone IANA|Fuseau du site", "transcript": "Appel transcrit|Texte échangé|Parole vers texte|Log conversation", "line_text": "Texte du tour|Mots|Réplique", "line_role": "Prise de parole de|Partie|Participant|Canal de",
        "line_start": "Tour début|Position de", "line_stop": "Tour fin|Position à", "line_time": "Date et heure de la ligne|Horodatage tour", "line_seq": "Tour n°|Numéro de ligne|Séq.", "agent_side": "Piste agent|Ce qu'a dit l'agent", "customer_side": "Piste client|Ce qu'a dit le client",
        "customer_name": "Prénom et nom|Personne appelante|Contact", "customer_email": "E-mail du contact|Mél client", "phone": "Mobile|Numéro de l'appelant", "direction": "Entrant ?|Nature appel", "csat": "Avis (1-5)|Score enquête", "notes": "Commentaire conseiller|Note de clôture", "summary": "Description courte|Aperçu",
    },
    "es": {
        "call_id": "Número único de llamada|Clave conversación|ID contacto|ID tramo", "agent_email": "Email del agente|Usuario (correo)|Correo asesor|Dirección e-mail agente", "agent_name": "Nombre y apellido agente|Gestionado por|Usuario|Agente/a", "product": "Contrato|Producto/servicio|Plan contratado|Descripción producto",
        "product_id": "Clave producto|Id. producto", "queue": "Flujo entrante|Área|Bandeja", "start": "Llegada llamada|Cuándo|Llamada del|Inicio contacto|Apertura llamada", "date": "Día natural|Fecha contacto", "time": "Horario|Hora contacto", "end": "Cierre|Término llamada", "created": "Exportado el|Archivado el",
        "duration": "Tiempo total|Duración llamada|Tiempo conversación", "zone": "Zona IANA|Huso del centro", "transcript": "Llamada transcrita|Texto hablado|Voz a texto|Registro conversación", "line_text": "Texto del turno|Palabras|Réplica", "line_role": "Toma la palabra|Lado|Canal de|Actor",
        "line_start": "Turno inicio|Posición de", "line_stop": "Turno fin|Posición a", "line_time": "Fecha y hora de línea|Hora del turno", "line_seq": "Turno n.º|Número de línea|Sec.", "agent_side": "Pista agente|Lo que dijo el agente", "customer_side": "Pista cliente|Lo que dijo el cliente",
        "customer_name": "Persona que llama|Contacto|Nombre completo cliente", "customer_email": "E-mail contacto|Mail del cliente", "phone": "Móvil|Número del que llama", "direction": "¿Entrante?|Naturaleza llamada", "csat": "Opinión (1-5)|Puntos encuesta", "notes": "Comentario asesor|Nota de cierre", "summary": "Descripción breve|Visión general",
    },
    "pt": {
        "call_id": "Número único da chamada|Chave conversa|ID contato|ID trecho", "agent_email": "E-mail de quem atendeu|Usuário (e-mail)|Correio do agente|Endereço e-mail atendente", "agent_name": "Nome e sobrenome do agente|Tratado por|Usuário|Atendente/a", "product": "Contrato|Produto/serviço|Plano contratado|Descrição do produto",
        "product_id": "Chave produto|Id. produto", "queue": "Fluxo de entrada|Área|Célula", "start": "Chegada da chamada|Quando|Ligação de|Início do contato|Abertura da chamada", "date": "Dia corrido|Data do contato", "time": "Hora do contato|Relógio", "end": "Fechamento|Fim da ligação", "created": "Exportado em|Arquivado em",
        "duration": "Tempo total|Duração da chamada|Tempo falado", "zone": "Zona IANA|Fuso da unidade", "transcript": "Ligação transcrita|Texto falado|Voz para texto|Registro da conversa", "line_text": "Texto do turno|Palavras|Réplica", "line_role": "Com a palavra|Lado|Canal de|Parte",
        "line_start": "Turno início|Posição de", "line_stop": "Turno fim|Posição até", "line_time": "Data e hora da linha|Hora do turno", "line_seq": "Turno nº|Número da linha|Seq.", "agent_side": "Trilha atendente|O que falou o atendente", "customer_side": "Trilha cliente|O que falou o cliente",
        "customer_name": "Pessoa que ligou|Contato|Nome completo do cliente", "customer_email": "E-mail do contato|Correio do cliente", "phone": "Celular de origem|Número do chamador", "direction": "Entrante?|Natureza da chamada", "csat": "Opinião (1-5)|Pontos pesquisa", "notes": "Comentário do atendente|Nota de fechamento", "summary": "Descrição curta|Visão geral",
    },
    "it": {
        "call_id": "Numero univoco chiamata|Chiave conversazione|ID contatto|ID tratto", "agent_email": "Email di chi risponde|Utente (e-mail)|Posta agente|Indirizzo mail agente", "agent_name": "Nome e cognome agente|Trattato da|Utente|Operatore/trice", "product": "Contratto|Prodotto/servizio|Piano|Descrizione prodotto",
        "product_id": "Chiave prodotto|Id. prodotto", "queue": "Flusso in entrata|Area|Ufficio", "start": "Arrivo chiamata|Quando|Chiamata del|Inizio contatto|Avvio contatto", "date": "Giorno solare|Data contatto", "time": "Ora contatto|Orologio", "end": "Chiusura|Fine telefonata", "created": "Esportato il|Archiviato il",
        "duration": "Tempo totale|Durata telefonata|Tempo di conversazione", "zone": "Zona IANA|Fuso della sede", "transcript": "Chiamata trascritta|Testo parlato|Voce in testo|Registro conversazione", "line_text": "Testo del turno|Parole|Replica", "line_role": "Prende la parola|Parte|Canale di|Attore",
        "line_start": "Turno inizio|Posizione da", "line_stop": "Turno fine|Posizione a", "line_time": "Data e ora della riga|Ora del turno", "line_seq": "Turno n.|Numero riga|Seq.", "agent_side": "Traccia agente|Ciò che ha detto l'agente", "customer_side": "Traccia cliente|Ciò che ha detto il cliente",
        "customer_name": "Persona che chiama|Contatto|Nominativo cliente", "customer_email": "E-mail contatto|Posta del cliente", "phone": "Cellulare|Numero del chiamante", "direction": "In entrata?|Natura chiamata", "csat": "Parere (1-5)|Punti sondaggio", "notes": "Commento operatore|Nota di chiusura", "summary": "Descrizione breve|Panoramica",
    },
    "nl": {
        "call_id": "Uniek gespreksnummer|Sleutel conversatie|Contact-ID|Segment-ID", "agent_email": "E-mail van de agent|Gebruiker (e-mail)|Mail mw.|E-mailadres behandelaar", "agent_name": "Voor- en achternaam agent|Afgehandeld door|Gebruiker|Behandelaar", "product": "Contract|Product/dienst|Pakket|Productomschrijving",
        "product_id": "Productsleutel|Prod-ID", "queue": "Inkomende stroom|Loket|ACD-groep", "start": "Binnenkomst|Wanneer|Gesprek van|Start contact|Belmoment", "date": "Kalenderdag|Contactdatum", "time": "Contacttijd|Klok", "end": "Afgesloten|Gesprekseinde", "created": "Geëxporteerd op|Gearchiveerd op",
        "duration": "Totale tijd|Duur gesprek|Beltijd", "zone": "IANA-zone|Tijdzone locatie", "transcript": "Uitgetypt gesprek|Gesproken tekst|Spraak naar tekst|Gesprekslog", "line_text": "Tekst van de beurt|Woorden|Repliek", "line_role": "Neemt het woord|Partij|Kanaal van|Actor",
        "line_start": "Beurt begin|Positie van", "line_stop": "Beurt eind|Positie tot", "line_time": "Datum en tijd van regel|Tijd van beurt", "line_seq": "Beurt nr.|Regelnummer|Volgnr.", "agent_side": "Spoor agent|Wat de agent zei", "customer_side": "Spoor klant|Wat de klant zei",
        "customer_name": "Persoon die belt|Contactpersoon|Voor- en achternaam", "customer_email": "E-mail contactpersoon|Mail van de klant", "phone": "Mobiel nummer|Nummer van de beller", "direction": "Inkomend?|Aard gesprek", "csat": "Mening (1-5)|Enquêtescore", "notes": "Commentaar behandelaar|Afsluitnotitie", "summary": "Korte omschrijving|Overzicht",
    },
    "pl": {
        "call_id": "Unikalny numer rozmowy|Klucz konwersacji|ID kontaktu|ID odcinka", "agent_email": "E-mail odbierającego|Użytkownik (e-mail)|Poczta agenta|Adres mail agenta", "agent_name": "Imię i nazwisko konsultanta|Prowadził|Użytkownik|Konsultant/ka", "product": "Umowa|Produkt/usługa|Pakiet|Opis produktu",
        "product_id": "Klucz produktu|Id. produktu", "queue": "Strumień przychodzący|Obszar|Okienko", "start": "Wpłynęło|Kiedy|Rozmowa z dnia|Początek kontaktu|Nawiązano połączenie", "date": "Dzień kalendarzowy|Data kontaktu", "time": "Godzina kontaktu|Zegar", "end": "Zamknięcie|Koniec rozmowy", "created": "Wyeksportowano|Zarchiwizowano",
        "duration": "Czas łączny|Długość rozmowy|Ile trwała", "zone": "Strefa IANA|Strefa placówki", "transcript": "Rozmowa przepisana|Tekst mówiony|Mowa na tekst|Dziennik rozmowy", "line_text": "Tekst tury|Słowa|Replika", "line_role": "Zabiera głos|Uczestniczy|Kanał kogo|Aktor",
        "line_start": "Tura od|Pozycja od", "line_stop": "Tura do|Pozycja do", "line_time": "Data i godzina wiersza|Czas tury", "line_seq": "Tura nr|Numer wiersza|Nr kol.", "agent_side": "Ścieżka agenta|Co powiedział agent", "customer_side": "Ścieżka klienta|Co powiedział klient",
        "customer_name": "Osoba dzwoniąca|Kontakt|Dane klienta", "customer_email": "E-mail kontaktu|Poczta klienta", "phone": "Komórka dzwoniącego|Numer osoby dzwoniącej", "direction": "Przychodzące?|Charakter rozmowy", "csat": "Opinia (1-5)|Punkty ankiety", "notes": "Komentarz konsultanta|Notatka końcowa", "summary": "Krótki opis|Przegląd",
    },
    "ru": {
        "call_id": "Уникальный номер звонка|Ключ беседы|ID контакта|ID отрезка", "agent_email": "Email ответившего|Пользователь (почта)|Эл. адрес агента|Почта менеджера", "agent_name": "Имя и фамилия агента|Обработал|Пользователь|Оператор (ФИО)", "product": "Договор|Продукт/услуга|Пакет|Описание продукта",
        "product_id": "Ключ продукта|Ид. продукта", "queue": "Входящий поток|Участок|Линия", "start": "Поступление звонка|Когда|Звонок от|Начало контакта|Время соединения", "date": "Календарный день|Дата контакта", "time": "Время контакта|Часы", "end": "Закрытие|Финиш звонка", "created": "Выгружено|Архивировано",
        "duration": "Общее время|Длина разговора|Сколько длился", "zone": "Зона IANA|Пояс площадки", "transcript": "Разговор расшифрован|Произнесённый текст|Речь в текст|Журнал беседы", "line_text": "Текст хода|Речь|Ответная реплика", "line_role": "Берёт слово|Сторона разговора|Чей канал|Лицо",
        "line_start": "Ход от|Позиция с", "line_stop": "Ход до|Позиция по", "line_time": "Дата и час строки|Время хода", "line_seq": "Ход №|Номер строки|Порядк. №", "agent_side": "Дорожка агента|Что сказал агент", "customer_side": "Дорожка клиента|Что сказал клиент",
        "customer_name": "Кто звонил|Контакт|Данные клиента", "customer_email": "Email контакта|Эл. адрес клиента", "phone": "Мобильный|Номер звонившего", "direction": "Входящий?|Характер звонка", "csat": "Мнение (1-5)|Баллы опроса", "notes": "Комментарий оператора|Итоговая заметка", "summary": "Краткое описание|Обзор",
    },
    "ja": {
        "call_id": "通話管理番号|会話キー|お問い合わせ番号|セグメントID", "agent_email": "受け手メール|ユーザー(メール)|担当アドレス|オペレーターEメール", "agent_name": "受電者|ユーザー|担当オペレーター|対応した人", "product": "契約|商品・サービス|プラン|商品説明",
        "product_id": "商品キー|商品コード", "queue": "入電経路|係|受付窓口", "start": "着電|いつ|通話の日時|開始時点|接続時刻", "date": "暦日|対応日", "time": "対応時刻|時計", "end": "終話|完了日時", "created": "出力日時|保管日時",
        "duration": "合計時間|通話の長さ|話した時間", "zone": "IANAゾーン|拠点の時間帯", "transcript": "書き起こし文|話した内容|音声テキスト化|会話記録", "line_text": "ターン文|ことば|台詞", "line_role": "話す側|当事者|チャンネル主|登場人物",
        "line_start": "ターン開始|位置から", "line_stop": "ターン終了|位置まで", "line_time": "行の日時|ターン日時", "line_seq": "ターン番号|行番号|連番", "agent_side": "担当者トラック|担当者が言ったこと", "customer_side": "顧客トラック|顧客が言ったこと",
        "customer_name": "電話した人|連絡先名|お名前", "customer_email": "連絡先メール|お客様Eメール", "phone": "携帯番号|かけてきた番号", "direction": "着信?|通話の性質", "csat": "ご意見(1-5)|調査点数", "notes": "担当コメント|締めメモ", "summary": "短い説明|全体像",
    },
    "zh": {
        "call_id": "唯一通话号|对话键|联络ID|片段ID", "agent_email": "接听者邮箱|用户(邮箱)|坐席Email|客服电子邮箱", "agent_name": "接听者|用户|处理人|坐席人员", "product": "合同|产品/服务|方案|产品说明",
        "product_id": "产品键|产品序号", "queue": "进线渠道|科室|坐席组", "start": "进线时间|何时|通话于|开始时点|接入时间", "date": "日历日|联络日期", "time": "联络时刻|钟点", "end": "收线|完成时间", "created": "导出时间|归档时间",
        "duration": "总时间|通话多久|谈话时长", "zone": "IANA时区|站点时区", "transcript": "转录通话|口述文字|语音识别文本|会话日志", "line_text": "轮次文本|话语|台词", "line_role": "发声方|当事方|声道归属|人物",
        "line_start": "轮次起|位置从", "line_stop": "轮次止|位置到", "line_time": "行日期时间|轮次时间", "line_seq": "轮次号|行序|次序", "agent_side": "坐席轨道|坐席说了什么", "customer_side": "客户轨道|客户说了什么",
        "customer_name": "来电人姓名|联系人|客户名称", "customer_email": "联系人邮箱|客户Email", "phone": "手机号|打来的号码", "direction": "是否呼入|通话性质", "csat": "意见(1-5)|调查得分", "notes": "处理人评语|结束备注", "summary": "简短说明|总览",
    },
    "tr": {
        "call_id": "Tekil Çağrı No|Konuşma Anahtarı|İletişim ID|Parça ID", "agent_email": "Cevaplayan E-posta|Kullanıcı (e-posta)|Agent maili|Temsilcinin mail adresi", "agent_name": "Temsilci Adı Soyadı|İlgilenen|Kullanıcı|Cevaplayan Kişi", "product": "Sözleşme|Ürün/Hizmet|Plan|Ürün Açıklaması",
        "product_id": "Ürün Anahtarı|Ürün Kimliği", "queue": "Gelen Akış|Birim|Masa", "start": "Geliş|Ne Zaman|Görüşmenin Tarihi|Temas Başlangıcı|Bağlantı Zamanı", "date": "Takvim Günü|İletişim Tarihi", "time": "İletişim Saati|Saat Kaç", "end": "Kapanış|Görüşme Sonu", "created": "Dışa Aktarıldı|Arşivlendi",
        "duration": "Toplam Süre|Görüşme Uzunluğu|Ne Kadar Sürdü", "zone": "IANA Dilimi|Şube Saat Dilimi", "transcript": "Yazılı Görüşme|Konuşulan Metin|Sesten Metne|Konuşma Günlüğü", "line_text": "Sıra Metni|Sözler|Replik", "line_role": "Söz Alan|Konuşma Tarafı|Kanal Sahibi|Kişi",
        "line_start": "Replik Başı|Konumdan", "line_stop": "Replik Sonu|Konuma", "line_time": "Satırın Tarihi ve Saati|Replik Zamanı", "line_seq": "Replik No|Satır No|Sıra No", "agent_side": "Temsilci İzi|Temsilcinin söyledikleri", "customer_side": "Müşteri İzi|Müşterinin söyledikleri",
        "customer_name": "Arayan Kişi Adı|İletişim Kişisi|Müşteri Ad Soyad", "customer_email": "İletişim E-postası|Müşterinin maili", "phone": "Cep|Arayanın Numarası", "direction": "Gelen mi?|Çağrı Niteliği", "csat": "Görüş (1-5)|Anket Puanı", "notes": "Temsilci Yorumu|Kapanış Notu", "summary": "Kısa Açıklama|Genel Bakış",
    },
}  # fmt: skip

SYSTEM_HEADERS: dict[str, Dialect] = {
    "kebab": {
        "call_id": "call-uuid|contact-ref", "agent_email": "agent-mail|handler-email", "agent_name": "agent-fullname|handler", "product": "product-title|plan", "product_id": "product-ref", "queue": "work-group", "start": "call-began|answered-at", "date": "call-day", "time": "call-clock",
        "end": "call-finished|hung-up-at", "created": "ingested-at|updated-at", "duration": "call-length", "zone": "zone-name", "transcript": "spoken-text|call-text", "line_text": "turn-text|phrase-text", "line_role": "turn-owner|voice-of", "line_start": "turn-from|begins",
        "line_stop": "turn-to|finishes", "line_time": "turn-at", "line_seq": "turn-no", "agent_side": "agent-words", "customer_side": "customer-words", "customer_name": "client-name", "customer_email": "client-mail", "phone": "calling-number", "direction": "call-way", "csat": "survey-mark",
        "notes": "handler-remarks", "summary": "abstract",
    },
    "mainframe": {  # eight letters were all there was
        "call_id": "CALLKEY|CONVNO", "agent_email": "AGTEML|EMPEMAIL", "agent_name": "AGTNAM|EMPNAME", "product": "PRODNAM|PRDDESC", "product_id": "PRODNUM|PRDID", "queue": "WRKGRP", "start": "CALLSTRT|BEGTS", "date": "CALLDAT", "time": "CALLTIM", "end": "CALLENDT|ENDTS",
        "created": "LOADTS|CRTTS", "duration": "TALKDUR|CALLDUR", "zone": "TZNAME", "transcript": "CALLTEXT|TRNSCRPT", "line_text": "LINETEXT|UTTTEXT", "line_role": "SPKROLE|LINESPKR", "line_start": "UTTBEG|LINEBEG", "line_stop": "UTTEND|LINEEND", "line_time": "UTTTS|LINETS", "line_seq": "UTTNO|LINENO",
        "agent_side": "AGTTEXT", "customer_side": "CUSTTEXT", "customer_name": "CUSTNAM", "customer_email": "CUSTEML", "phone": "CALLERNO", "direction": "CALLDIR", "csat": "SRVYRES", "notes": "AGTRMRKS", "summary": "CALLSUMM",
    },
    "qualified": {  # as queries and BI tools qualify columns
        "call_id": "calls.callKey|fact_call.call_nk", "agent_email": "dim_agent.emailAddr|employee.mailbox", "agent_name": "dim_agent.fullName|employee.label", "product": "dim_product.title|item.title", "product_id": "dim_product.nk", "queue": "dim_queue.title",
        "start": "calls.begin_ts|fact_call.start_dt", "date": "calls.day", "time": "calls.clock", "end": "calls.finish_ts", "created": "etl.loaded|calls.archived_ts", "duration": "calls.talk_len", "zone": "dim_site.zone", "transcript": "speech.fulltext|asr.output", "line_text": "turn.words|utt.body",
        "line_role": "turn.side|utt.party", "line_start": "turn.beg|utt.pos_in", "line_stop": "turn.fin|utt.pos_out", "line_time": "turn.stamp", "line_seq": "turn.pos", "agent_side": "track_agent.words", "customer_side": "track_customer.words", "customer_name": "dim_customer.fullName", "customer_email": "dim_customer.emailAddr",
        "phone": "leg.cli", "direction": "leg.dir", "csat": "survey.mark", "notes": "wrap.remark", "summary": "wrap.abstract",
    },
}  # fmt: skip

ROLE_LABELS: dict[str, tuple[tuple[str, str], ...]] = {
    "en": (("Customer Service Rep", "Customer"), ("Handler", "Claimant"), ("Call taker", "Caller"), ("Host", "Traveller"), ("CS", "CUST"), ("Staff member", "Client")),
    "de": (("Kundenberaterin", "Kundin"), ("Kundenservice", "Kunde"), ("Ansprechpartner", "Kund*in"), ("BER", "KDE")),
    "fr": (("Service client", "Client"), ("Conseiller·ère", "Client·e"), ("CONS", "CLI"), ("Agente", "Demandeur")),
    "es": (("Servicio al cliente", "Cliente"), ("Asesor", "Llamador"), ("ASE", "CLI"), ("Atención", "Asegurado")),
    "pt": (("Central de atendimento", "Cliente"), ("Assistente", "Segurado"), ("ATD", "CLI"), ("Funcionário", "Consumidor")),
    "it": (("Servizio clienti", "Cliente"), ("Impiegata", "Assicurato"), ("OPE", "CLI"), ("Assistente", "Cliente")),
    "nl": (("Klantadviseur", "Klant"), ("Servicemedewerker", "Verzekerde"), ("MDW", "KLT"), ("Baliemedewerkster", "Beller")),
    "pl": (("Biuro obsługi", "Klient"), ("Specjalista", "Ubezpieczony"), ("KONS", "KLI"), ("Pracowniczka", "Klientka")),
    "ru": (("Служба поддержки", "Клиент"), ("Сотрудница", "Клиентка"), ("ОПЕР", "КЛИ"), ("Работник", "Заказчик")),
    "ja": (("オペ", "顧客様"), ("受付", "お電話口の方"), ("サポート担当", "ご契約者"), ("コールセンター", "お客")),
    "zh": (("坐席员", "客户方"), ("客服人员", "顾客方"), ("客服专员", "来电客户"), ("业务员", "投保人")),
    "tr": (("Müşteri Hizmetleri", "Müşteri"), ("Uzman", "Sigortalı"), ("TEMS", "MÜŞ"), ("Çalışan", "Tüketici")),
}  # fmt: skip

SYSTEM_ROLES: tuple[tuple[str, str], ...] = (
    ("SPEAKER_AGENT", "SPEAKER_CUSTOMER"), ("csr", "cust"), ("service_agent", "service_customer"), ("Agent_Leg", "Customer_Leg"), ("support_agent", "shopper"), ("employee", "customer"), ("helpdesk", "user"),
)  # fmt: skip

OPAQUE_LABELS: tuple[tuple[str, str], ...] = (
    ("Track 2", "Track 1"), ("X", "Y"), ("spk:1", "spk:0"), ("Line A", "Line B"), ("#1", "#2"), ("Mono-L", "Mono-R"), ("Unknown 1", "Unknown 2"),
)  # fmt: skip

QUEUES = ("Stream North", "Second line", "Priority desk", "Seasonal", "Pool C")
THIRD_VOICES = ("Automated voice", "Translator", "Manager")
TITLES = ("Conversation archive", "Quality monitoring list", "Daily call dump")
PREFACES = (
    (["Tenant:", "demo"], ["Created by:", "BI service"], ["Note:", "times as configured"]),
    (["Selected calls"], ["Sorted by arrival"], ["Internal use only"]),
)  # fmt: skip
FOOTERS = ("End of list", "(c) analytics team", "Data as of yesterday", "This list may be incomplete.")
LABEL_KINDS = ("initials",)  # of the people, whose names stand in columns
DECOYS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Silence %", ("12.5", "8.0", "20.1")), ("Audio file", ("a1.wav", "a2.wav")), ("QA Reviewer Email", ("qa.one@audit.example", "qa.two@audit.example")),
    ("Contract signed", ("2018-05-02", "2022-01-20", "2016-09-12")), ("Speech model", ("large", "small")), ("Topic", ("billing", "fault", "delivery")),
    ("Escalated", ("no", "yes")), ("Cost centre", ("4410", "4420")), ("Consent", ("recorded", "refused")), ("Talk ratio", ("0.61", "0.47")),
)  # fmt: skip
