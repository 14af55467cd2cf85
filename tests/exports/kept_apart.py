"""KEPT APART: words and forms of the vocabulary "held-out". Do not read this file when you work on the reader.

`python -m tests.exports.score --vocabulary held-out` measures how the reader does on words and forms that nobody could
have put into its word lists: run it, and look at its sums alone. A word that stands here stands nowhere else in the
simulator. The forms are in `kept_apart_forms.py`. `kept_last.py` is a second set of the same kind, for the very end.
"""

from __future__ import annotations

from tests.exports.kept_apart_forms import FORMS as FORMS
from tests.exports.vocabulary import Dialect

LANGUAGE_HEADERS: dict[str, Dialect] = {
    "en": {
        "call_id": "Communication ID|Master Contact Id|Conv. Ref|Call Log No|Trace ID",
        "agent_email": "Assoc. Email|Taken By - Email|CSR Mailbox|Specialist's e-mail|Agent (mail)", "agent_name": "Assoc.|Taken By|Specialist|CSR Name|Full Name of Agent",
        "product": "Prod.|Product Family|Product Called About|Policy Type", "product_id": "Prod. No.|Product Key", "queue": "Routing Profile|ACD Split|Dept.",
        "start": "Call Began At|Beginning|Start Date & Time|Date of Call|Offered / Answered", "date": "Day of Call|Start Date", "time": "Hour|Start Time of Day",
        "end": "Call Over At|Release Time|Hung Up", "created": "Last Modified|Uploaded On|Report Run", "duration": "Conversation Length|AHT|Dur.", "zone": "Site TZ|Olson Zone",
        "transcript": "ASR Output|Conversation Text|Call Text|Full Transcription|Diarised Text", "line_text": "Segment Text|Line Text|What They Said|Caption",
        "line_role": "Spkr|Speaker Side|Said By|Participant Type", "line_start": "Seg Start|Starts|Time In|t0", "line_stop": "Seg End|Ends|Time Out|t1",
        "line_time": "Segment Timestamp|Logged At", "line_seq": "Seg. No.|Row in Call|Turn Index", "agent_side": "Agent Half|Words of the Agent|Agent Channel Text",
        "customer_side": "Customer Half|Words of the Customer|Customer Channel Text", "customer_name": "Account Holder|Member Name|Cust. Name", "customer_email": "Account Holder Email|Cust. Email",
        "phone": "Calling Party|MSISDN|Tel.", "direction": "Leg Direction|Media Flow", "csat": "Survey Q1|Promoter Score|How happy?", "notes": "Agent Remarks|After-call Notes", "summary": "Synopsis|AI Recap",
    },
    "de": {
        "call_id": "Interaktions-ID|Anruf-Nr.|Gespräch Nr.|Kontakt-ID|Call-Kennung", "agent_email": "AP-Mail|MA-E-Mail|Mail des Beraters|E-Mail (Bearbeiter)|Agent Mailadresse",
        "agent_name": "MA-Name|Berater/in|Name des Agenten|Servicemitarbeiter", "product": "Produktgruppe|Prod.|Betroffenes Produkt|Vertragsart", "product_id": "Prod.-Nr.|Artikel-Nr.",
        "queue": "Skill|Hotline|Abteilung", "start": "Anruf am|Start des Gesprächs|Beginnzeit|Datum + Uhrzeit|Zeitpunkt Anruf", "date": "Tag|Anruftag", "time": "Uhrzeit Beginn|um",
        "end": "Ende des Gesprächs|Endzeit", "created": "Importiert am|Letzte Änderung", "duration": "Gesprächslänge|Dauer Anruf|GD", "zone": "Zone (Standort)|TZ-Name",
        "transcript": "Transkription|Gespräch im Text|Volltext|Anruf-Transkript|Mitschrift", "line_text": "Aussage|Textzeile|Segmenttext", "line_role": "Sprecherrolle|Gesprächspartner|Seite|Sprechende Person",
        "line_start": "Segmentbeginn|Anfang|Startpunkt", "line_stop": "Segmentende|Schluss|Endpunkt", "line_time": "Gesprochen um|Zeitstempel", "line_seq": "Seg-Nr.|Reihenfolge|Pos",
        "agent_side": "Spur Mitarbeiter|Beratertext", "customer_side": "Spur Kunde|Kundentext", "customer_name": "Kd.-Name|Name Kunde|Vertragspartner", "customer_email": "Kd.-Mail|Kontaktadresse Kunde (Mail)",
        "phone": "Tel.-Nr.|Anrufernummer", "direction": "Ein/Aus|Gesprächsrichtung", "csat": "Kundenbewertung|Sterne", "notes": "Notiz Agent|Nachbearbeitung", "summary": "Inhalt kurz|Fazit",
    },
    "fr": {
        "call_id": "Id. interaction|No appel|ID conversation|Réf. appel", "agent_email": "Mail agent|Adresse électronique conseiller|Email TC|E-mail du téléconseiller",
        "agent_name": "Nom agent|Nom du conseiller|Opérateur|TC", "product": "Produit concerné|Service|Type de contrat", "product_id": "Réf. produit|N° produit", "queue": "Compétence|Groupe|Service ACD",
        "start": "Appel débuté le|Date/heure appel|Horodatage début|Décroché", "date": "Jour|Jour appel", "time": "Heure appel|à (heure)", "end": "Appel terminé le|Raccroché",
        "created": "Date d'import|Modifié le", "duration": "Durée de l'appel|DMC|Durée conv.", "zone": "Fuseau|TZ site", "transcript": "Texte de l'appel|Transcript appel|Dialogue|Texte intégral",
        "line_text": "Texte du segment|Contenu|Dit", "line_role": "Intervenant|Côté|Qui", "line_start": "Début segment|Depuis", "line_stop": "Fin segment|Jusque", "line_time": "Prononcé à|Date-heure ligne",
        "line_seq": "N° segment|Ordre|Rang", "agent_side": "Voie conseiller|Dit par l'agent", "customer_side": "Voie client|Dit par le client", "customer_name": "Nom abonné|Titulaire|Nom complet client",
        "customer_email": "Adresse mail client|Mail abonné", "phone": "N° tél.|Tél. appelant", "direction": "Entrant/sortant|Direction appel", "csat": "Étoiles|Enquête Q1",
        "notes": "Remarques agent|Post-appel", "summary": "Récapitulatif|En bref",
    },
    "es": {
        "call_id": "Id. interacción|Nº llamada|ID conversación|Ref. llamada", "agent_email": "Correo electrónico agente|Mail agente|E-mail del asesor|Email del operador",
        "agent_name": "Nombre agente|Nombre del asesor|Gestor|Atendido por", "product": "Producto consultado|Tipo de producto|Póliza", "product_id": "Nº producto|Ref. producto", "queue": "Skill|Departamento|Campaña",
        "start": "Fecha/hora llamada|Llamada iniciada|Inició|Hora de entrada", "date": "Día|Fecha llamada", "time": "Hora llamada|A las", "end": "Llamada finalizada|Finalizó",
        "created": "Importado el|Última modificación", "duration": "Tiempo hablado|Dur. llamada|TMO", "zone": "Zona hor.|TZ centro", "transcript": "Texto de la llamada|Transcript|Texto completo|Conversación transcrita",
        "line_text": "Texto del segmento|Contenido|Dicho", "line_role": "Participante|Quién|Parte", "line_start": "Inicio segmento|Empieza", "line_stop": "Fin segmento|Acaba", "line_time": "Dicho a las|Fecha hora línea",
        "line_seq": "Nº segmento|Orden|Turno", "agent_side": "Canal agente|Palabras del agente", "customer_side": "Canal cliente|Palabras del cliente", "customer_name": "Titular de la cuenta|Nombre y apellidos",
        "customer_email": "Correo titular|E-mail del cliente", "phone": "Tfno.|Nº origen", "direction": "Entrante/saliente|Dirección llamada", "csat": "Estrellas|Encuesta P1",
        "notes": "Notas agente|Post-llamada", "summary": "Síntesis|En breve",
    },
    "pt": {
        "call_id": "ID interação|Nº da chamada|ID conversa|Ref. ligação", "agent_email": "E-mail agente|Mail do atendente|Correio eletrônico operador|E-mail do analista",
        "agent_name": "Nome do atendente|Analista|Atendido por|Nome agente", "product": "Produto consultado|Tipo de contrato|Serviço contratado", "product_id": "Nº produto|Cód. prod.", "queue": "Departamento|Skill|Grupo",
        "start": "Data/hora ligação|Ligação iniciada em|Iniciou|Entrada da chamada", "date": "Dia|Data da ligação", "time": "Hora da ligação|Às", "end": "Ligação encerrada em|Encerrou",
        "created": "Importado em|Última alteração", "duration": "Tempo de conversa|TMA|Dur.", "zone": "Fuso|TZ unidade", "transcript": "Texto completo|Transcript|Conteúdo da chamada|Áudio em texto",
        "line_text": "Texto do trecho|Conteúdo|Trecho", "line_role": "Participante|Quem|Interlocutor", "line_start": "Início trecho|Desde", "line_stop": "Fim trecho|Termina", "line_time": "Dito às|Data hora linha",
        "line_seq": "Nº trecho|Ordem|Turno", "agent_side": "Canal atendente|O que o atendente disse", "customer_side": "Canal cliente|O que o cliente disse", "customer_name": "Nome do assinante|Nome completo",
        "customer_email": "E-mail assinante|Mail cliente", "phone": "Tel.|Nº que ligou", "direction": "Entrada/saída|Direção", "csat": "Estrelas|Pesquisa P1", "notes": "Anotações atendente|Pós-chamada", "summary": "Síntese|Em poucas palavras",
    },
    "it": {
        "call_id": "ID interazione|Nr. telefonata|ID conversazione|Rif. chiamata", "agent_email": "Mail agente|E-mail operatrice|Indirizzo e-mail operatore|Email dell'agente",
        "agent_name": "Nome operatore|Gestito da|Nominativo agente", "product": "Prodotto richiesto|Tipo contratto|Polizza", "product_id": "Nr. prodotto|Rif. prodotto", "queue": "Reparto|Skill|Squadra",
        "start": "Data/ora chiamata|Chiamata iniziata il|Iniziata|Ora di ingresso", "date": "Giorno|Data chiamata", "time": "Ora chiamata|Alle", "end": "Chiamata terminata il|Terminata",
        "created": "Importato il|Ultima modifica", "duration": "Tempo parlato|Durata chiamata|TMC", "zone": "Fuso|TZ sede", "transcript": "Testo completo|Testo chiamata|Transcript|Conversazione trascritta",
        "line_text": "Testo segmento|Contenuto|Detto", "line_role": "Partecipante|Chi|Lato", "line_start": "Inizio segmento|Comincia", "line_stop": "Fine segmento|Finisce", "line_time": "Detto alle|Data ora riga",
        "line_seq": "Nr. segmento|Ordine|Turno", "agent_side": "Canale operatore|Parole dell'operatore", "customer_side": "Canale cliente|Parole del cliente", "customer_name": "Intestatario|Nome e cognome",
        "customer_email": "Mail intestatario|E-mail cliente", "phone": "Tel.|Numero chi chiama", "direction": "Entrata/uscita|Verso", "csat": "Stelle|Sondaggio D1", "notes": "Note operatore|Post-chiamata", "summary": "In breve|Sommario",
    },
    "nl": {
        "call_id": "Interactie-ID|Belnr.|Conversatie-ID|Ref. gesprek", "agent_email": "Mail agent|Mw. e-mail|E-mailadres agent|Adviseur (e-mail)", "agent_name": "Mw.|Naam agent|Naam medewerker|Behandeld door",
        "product": "Betreft product|Soort contract|Prod.", "product_id": "Prod.nr.|Productnummer", "queue": "Afdeling|Skill|Groep", "start": "Gesprek begonnen op|Start gesprek|Datum/tijd|Binnengekomen om",
        "date": "Dag|Datum gesprek", "time": "Tijd gesprek|Om", "end": "Gesprek beëindigd op|Opgehangen om", "created": "Geïmporteerd op|Laatst gewijzigd", "duration": "Spreektijd|Lengte gesprek|Gesprekstijd",
        "zone": "Zone|TZ vestiging", "transcript": "Volledige tekst|Tekst van het gesprek|Uitgeschreven gesprek|Dialoog", "line_text": "Segmenttekst|Inhoud|Gezegd", "line_role": "Deelnemer|Kant|Gesprekspartner",
        "line_start": "Segment begin|Vanaf", "line_stop": "Segment eind|Tot en met", "line_time": "Gezegd om|Datum tijd regel", "line_seq": "Segmentnr.|Volgorde|Beurt", "agent_side": "Kanaal medewerker|Woorden van de agent",
        "customer_side": "Kanaal klant|Woorden van de klant", "customer_name": "Rekeninghouder|Volledige naam", "customer_email": "Mail rekeninghouder|Klant e-mail", "phone": "Tel.nr.|Nummer beller",
        "direction": "In/uit|Belrichting", "csat": "Sterren|Enquête V1", "notes": "Notities medewerker|Nawerk", "summary": "Kort|Korte inhoud",
    },
    "pl": {
        "call_id": "ID interakcji|Nr rozmowy|ID konwersacji|Nr ref. połączenia", "agent_email": "Mail agenta|E-mail obsługującego|Adres mailowy konsultanta|Email doradcy", "agent_name": "Imię i nazwisko agenta|Obsłużył|Nazwa konsultanta",
        "product": "Produkt, którego dotyczy|Rodzaj umowy|Polisa", "product_id": "Nr produktu|Symbol produktu", "queue": "Dział|Skill|Grupa", "start": "Data/godz. rozmowy|Rozmowę rozpoczęto|Połączono o|Rozpoczęto",
        "date": "Dzień|Data rozmowy", "time": "Godz.|O godzinie", "end": "Rozmowę zakończono|Rozłączono o", "created": "Zaimportowano|Ostatnia zmiana", "duration": "Czas rozmowy|Dł. rozmowy|Trwała", "zone": "Strefa|TZ oddziału",
        "transcript": "Pełny tekst|Tekst rozmowy|Spisana rozmowa|Dialog", "line_text": "Tekst segmentu|Zawartość|Powiedziano", "line_role": "Uczestnik|Kto|Rozmówca", "line_start": "Początek segmentu|Zaczyna się",
        "line_stop": "Koniec segmentu|Kończy się", "line_time": "Powiedziane o|Data i czas wiersza", "line_seq": "Nr segmentu|Kolejność|Tura", "agent_side": "Kanał konsultanta|Słowa konsultanta",
        "customer_side": "Kanał klienta|Słowa klienta", "customer_name": "Właściciel konta|Imię i nazwisko", "customer_email": "Mail właściciela konta|Email klienta", "phone": "Tel.|Nr dzwoniącego",
        "direction": "Przych./wych.|Kierunek rozmowy", "csat": "Gwiazdki|Ankieta P1", "notes": "Notatki konsultanta|Po rozmowie", "summary": "W skrócie|Streszczenie",
    },
    "ru": {
        "call_id": "ID взаимодействия|№ звонка|ID беседы|Рег. номер звонка", "agent_email": "Эл. почта оператора|Email агента|Почтовый ящик сотрудника|E-mail ответившего", "agent_name": "ФИО оператора|Ответил|Агент|Имя сотрудника",
        "product": "Продукт клиента|Вид договора|Полис", "product_id": "№ продукта|Артикул", "queue": "Отдел|Скилл|Команда", "start": "Дата/время звонка|Звонок начат|Соединено в|Поступил",
        "date": "День|Дата разговора", "time": "Время звонка|Во сколько", "end": "Звонок завершён|Отбой", "created": "Импортировано|Изменено", "duration": "Время разговора|Длит.|Продолж. звонка", "zone": "Пояс|TZ площадки",
        "transcript": "Полный текст|Разговор текстом|Текст звонка|Распознанная речь", "line_text": "Текст сегмента|Содержимое|Сказано", "line_role": "Участник|Кто|Собеседник", "line_start": "Начало сегмента|Начинается",
        "line_stop": "Конец сегмента|Заканчивается", "line_time": "Сказано в|Дата и время реплики", "line_seq": "№ сегмента|Порядок|Ход", "agent_side": "Канал оператора|Слова оператора", "customer_side": "Канал клиента|Слова клиента",
        "customer_name": "Владелец счёта|ФИО клиента", "customer_email": "Почта абонента|E-mail клиента", "phone": "Тел.|Номер звонящего", "direction": "Вх./исх.|Направление звонка", "csat": "Звёзды|Опрос В1",
        "notes": "Заметки оператора|После звонка", "summary": "Коротко|Суть обращения",
    },
    "ja": {
        "call_id": "インタラクションID|通話番号|会話ID|コールID", "agent_email": "対応者メール|エージェントのメール|オペレータEmail|担当メアド", "agent_name": "対応者|エージェント|オペレータ氏名|担当社員",
        "product": "対象商品|契約種別|お問い合わせ商品", "product_id": "商品番号|品番", "queue": "部門|スキル|窓口", "start": "通話日時|コール開始|着信日時|日時", "date": "日|受付日", "time": "時間帯時刻|開始時刻",
        "end": "コール終了|切断日時", "created": "取込日時|更新日時", "duration": "通話長|通話秒数|会話時間", "zone": "TZ|拠点タイムゾーン", "transcript": "全文テキスト|通話テキスト|音声認識結果|会話全文",
        "line_text": "発話内容|本文|認識文", "line_role": "発話者|話し手|参加者", "line_start": "発話開始|始", "line_stop": "発話終了|終", "line_time": "発言日時|記録時刻", "line_seq": "発話番号|順番|ターン",
        "agent_side": "オペレーター側テキスト|担当者の発言", "customer_side": "お客様側テキスト|お客様の発言", "customer_name": "契約者名|氏名", "customer_email": "契約者メール|お客様アドレス", "phone": "TEL|着信番号元",
        "direction": "発着信|通話方向", "csat": "星の数|アンケートQ1", "notes": "対応メモ|後処理メモ", "summary": "あらまし|ひとこと要約",
    },
    "zh": {
        "call_id": "交互ID|呼叫编号|会话标识|通话流水", "agent_email": "座席邮件|客服Email|服务人员邮箱|话务员邮箱", "agent_name": "座席|服务人员|话务员|坐席名称", "product": "咨询产品|合同类型|涉及产品", "product_id": "产品号|产品代码",
        "queue": "部门|技能|班组", "start": "呼叫时间|来电时间|起始时间|接听时间", "date": "日|通话日期", "time": "时刻|开始时刻", "end": "呼叫结束|挂机时间", "created": "导入时间|修改时间", "duration": "通话长度|通话秒数|话时",
        "zone": "时区名|所在时区", "transcript": "通话文本|语音转文字|完整对话|识别结果", "line_text": "发言内容|语音文本|正文", "line_role": "发言方|讲话人|参与者", "line_start": "段起点|起", "line_stop": "段终点|止",
        "line_time": "发言日期时间|记录时间", "line_seq": "段号|顺序|轮次", "agent_side": "座席侧文本|客服说的话", "customer_side": "客户侧文本|客户说的话", "customer_name": "户主|姓名", "customer_email": "户主邮箱|客户邮件",
        "phone": "来电号码|手机", "direction": "呼入呼出|通话方向", "csat": "星级|问卷1", "notes": "座席备注|话后备注", "summary": "概述|简要",
    },
    "tr": {
        "call_id": "Etkileşim ID|Arama No|Konuşma ID|Çağrı Ref.", "agent_email": "Agent e-posta|MT e-posta|Çalışan mail|Operatör E-postası", "agent_name": "Agent adı|MT|Operatör|Görüşen Personel", "product": "İlgili Ürün|Sözleşme Türü|Poliçe",
        "product_id": "Ürün No|Ürün Numarası", "queue": "Departman|Yetenek|Grup", "start": "Çağrı Tarihi/Saati|Görüşme Başladı|Bağlandığı An|Arama Zamanı", "date": "Gün|Çağrı Günü", "time": "Arama Saati|Saatinde",
        "end": "Görüşme Bitti|Kapandığı An", "created": "İçe Aktarıldı|Son Değişiklik", "duration": "Konuşma Süresi|Çağrı Uzunluğu|Uzunluk", "zone": "Zaman Dilimi|TZ", "transcript": "Tam Metin|Çağrı Metni|Yazıya Dökülmüş Çağrı|Diyalog",
        "line_text": "Bölüm Metni|İçerik|Söylenen", "line_role": "Katılımcı|Taraf|Konuşan", "line_start": "Bölüm Başı|İtibaren", "line_stop": "Bölüm Sonu|Kadar", "line_time": "Söylendiği An|Satır Tarih Saati",
        "line_seq": "Bölüm No|Sırası|Tur", "agent_side": "Temsilci Kanalı|Temsilcinin Sözleri", "customer_side": "Müşteri Kanalı|Müşterinin Sözleri", "customer_name": "Hesap Sahibi|Ad Soyad", "customer_email": "Hesap Sahibi E-posta|Müşteri maili",
        "phone": "Tel.|Arayanın No", "direction": "Gelen/Giden|Arama Yönü", "csat": "Yıldız|Anket S1", "notes": "Temsilci Notları|Çağrı Sonrası", "summary": "Kısaca|Kısa Özet",
    },
}  # fmt: skip

SYSTEM_HEADERS: dict[str, Dialect] = {
    "api-suffix": {  # custom fields of a CRM
        "call_id": "Vendor_Call_Key__c|External_Call_Id__c", "agent_email": "Agent_Email__c|Owner_Email__c", "agent_name": "Agent_Name__c|Owner_Name__c", "product": "Product_Line__c|Related_Product__c", "product_id": "Product_No__c",
        "queue": "Queue_Name__c", "start": "Call_Start__c|Connected_At__c", "date": "Call_Day__c", "time": "Call_Clock__c", "end": "Call_End__c", "created": "SystemModstamp|CreatedDate__c", "duration": "Talk_Length__c", "zone": "Time_Zone__c",
        "transcript": "Conversation_Body__c|Transcript__c", "line_text": "Utterance_Body__c", "line_role": "Speaker_Role__c", "line_start": "Offset_Start__c", "line_stop": "Offset_End__c", "line_time": "Spoken_On__c", "line_seq": "Sequence__c",
        "agent_side": "Agent_Speech__c", "customer_side": "Customer_Speech__c", "customer_name": "Contact_Full_Name__c", "customer_email": "Contact_Email__c", "phone": "From_Phone__c", "direction": "Call_Direction__c", "csat": "Survey_Score__c",
        "notes": "Private_Notes__c", "summary": "Call_Summary__c",
    },
    "prefixed": {  # properties with the vendor's prefix
        "call_id": "xs_object_id|xs_call_sid", "agent_email": "xs_owner_email|xs_agent_login_email", "agent_name": "xs_owner_name", "product": "xs_product_label", "product_id": "xs_product_nr", "queue": "xs_queue_label", "start": "xs_call_started|xs_timestamp_start",
        "date": "xs_call_day", "time": "xs_call_clock", "end": "xs_call_finished", "created": "xs_createdate|xs_lastmodifieddate", "duration": "xs_call_length", "zone": "xs_tz_name", "transcript": "xs_call_body|xs_transcription_text", "line_text": "xs_seg_text",
        "line_role": "xs_seg_speaker", "line_start": "xs_seg_from", "line_stop": "xs_seg_to", "line_time": "xs_seg_time", "line_seq": "xs_seg_no", "agent_side": "xs_agent_channel", "customer_side": "xs_customer_channel", "customer_name": "xs_contact_name",
        "customer_email": "xs_contact_mail", "phone": "xs_from_phone", "direction": "xs_call_direction", "csat": "xs_feedback_rating", "notes": "xs_internal_remarks", "summary": "xs_call_title",
    },
    "pascal": {
        "call_id": "Ucid|CallGuid|InteractionKey", "agent_email": "AgentUpn|EmployeeMail", "agent_name": "AgentFullName|EmployeeName", "product": "ProductDescription|ProductText", "product_id": "ProductNo|ProductCodeId", "queue": "SkillsetName|SplitName",
        "start": "CallStartDateTime|SegStart|BeginDtm", "date": "BeginDay", "time": "BeginClock", "end": "CallStopDateTime|FinishDtm", "created": "InsertDtm|LoadDtm", "duration": "TalkDuration|ConnectedLength", "zone": "SiteTimeZone", "transcript": "SpeechText|TranscriptBody",
        "line_text": "UtteranceBody|SegmentText", "line_role": "SpeakerType|PartyRole", "line_start": "BeginOffset|UtteranceStart", "line_stop": "FinishOffset|UtteranceStop", "line_time": "UtteranceDtm", "line_seq": "UtteranceNo|SegmentNo", "agent_side": "EmployeeText",
        "customer_side": "CallerText", "customer_name": "CallerFullName", "customer_email": "CallerMail", "phone": "CallingPartyNumber", "direction": "CallDirection", "csat": "SurveyResult", "notes": "AgentRemark", "summary": "ShortDescription",
    },
}  # fmt: skip

ROLE_LABELS: dict[str, tuple[tuple[str, str], ...]] = {
    "en": (("Specialist", "Account holder"), ("Help desk", "Caller"), ("Agt", "Cus"), ("Associate", "Shopper"), ("Receptionist", "Patient"), ("AGENT (you)", "CUSTOMER (them)")),
    "de": (("Serviceberaterin", "Kunde/Anrufer"), ("AG", "KU"), ("Hotline", "Anrufer"), ("Support", "Kunde")),
    "fr": (("TC", "CL"), ("Opératrice", "Usager"), ("Support", "Client"), ("Hotline", "Appelante")),
    "es": (("Gestora", "Usuario"), ("AG", "CL"), ("Soporte", "Cliente"), ("Operadora", "Abonado")),
    "pt": (("Analista", "Cliente"), ("Suporte", "Usuário"), ("AT", "CL"), ("Agente de atendimento", "Solicitante")),
    "it": (("Operatrice", "Cliente"), ("OP", "CL"), ("Assistenza", "Abbonato"), ("Supporto", "Utente")),
    "nl": (("Mw", "Kl"), ("Klantenservice", "Klant"), ("Agent", "Abonnee"), ("Helpdesk", "Melder")),
    "pl": (("Infolinia", "Klient"), ("KO", "KL"), ("Obsługa", "Rozmówca"), ("Agentka", "Abonentka")),
    "ru": (("Агент", "Клиент"), ("Оп.", "Кл."), ("Поддержка", "Пользователь"), ("Сотрудник", "Заявитель")),
    "ja": (("エージェント", "カスタマー"), ("係", "客"), ("サポート", "ユーザー"), ("窓口担当", "お客さま")),
    "zh": (("座席", "顾客"), ("话务员", "来电者"), ("服务人员", "客人"), ("人工客服", "用户")),
    "tr": (("MT", "M"), ("Operatör", "Müşteri"), ("Destek", "Kullanıcı"), ("Yetkili", "Arayan kişi")),
}  # fmt: skip

SYSTEM_ROLES: tuple[tuple[str, str], ...] = (
    ("ROLE_AGENT", "ROLE_CUSTOMER"), ("HUMAN_AGENT", "END_USER"), ("agent_1", "customer_1"), ("support_rep", "requester"), ("AgentChannel", "CustomerChannel"), ("advisor", "consumer"), ("company", "client"),
)  # fmt: skip

OPAQUE_LABELS: tuple[tuple[str, str], ...] = (
    ("Channel 1", "Channel 2"), ("P1", "P2"), ("speaker-b", "speaker-a"), ("Ext 4021", "Trunk 7"), ("Voice 1", "Voice 2"), ("0", "1"), ("Person Y", "Person X"),
)  # fmt: skip

QUEUES = ("First line", "Retention", "Loop-in", "Desk 4", "Weekend")
THIRD_VOICES = ("System", "Announcement", "Team lead")
# What stands above and below tables.
TITLES = ("Contact detail report", "Speech analytics extract", "Agent interactions (raw)")
PREFACES = (
    (["Report", "Contact detail"], ["Generated", "by scheduler"], ["Filter", "All queues"]),
    (["Account: demo tenant"], ["Range: last 30 days"], ["Rows limited to 10,000"]),
)  # fmt: skip
FOOTERS = ("Page 1 of 1", "*** end ***", "Generated automatically. Do not edit.", "Filters applied: none")
LABEL_KINDS = ("mixed",)  # the agent by name, the customer by a word
# Columns that say nothing of what a call needs: a header, and a cell a call.
DECOYS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Sentiment", ("0.42", "-0.10", "0.03")), ("Recording URL", ("https://rec.example/a", "https://rec.example/b")),
    ("Supervisor Email", ("lead.one@lead.example", "lead.two@lead.example")), ("Customer since", ("2019-03-01", "2021-11-15", "2015-06-30")),
    ("ASR confidence", ("0.93", "0.88")), ("Model version", ("v3.2", "v3.3")), ("Keywords", ("refund; invoice", "outage")),
    ("Transcript language", ("auto", "manual")), ("Hold count", ("0", "1", "2")), ("QA form", ("Not scored", "Scored")),
)  # fmt: skip
