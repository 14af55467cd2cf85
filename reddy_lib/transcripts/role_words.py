"""The words that speakers' labels are made of, in the languages that exports are written in.

Each word is listed as a stem: `klient*` stands for all its endings, `*berater*` for compounds, a plain word for itself.
Stems in scripts without spaces (Chinese, Japanese, Korean, Thai) are found anywhere in a label. All are compared without
case, accents and vowel marks.

`PROVES` holds words that mean one side wherever they stand. `LEANS` holds words whose side depends on who the other
speaker is: an employee calls the service desk of their own company, and answers the calls of customers.
"""

from __future__ import annotations

__all__ = [
    "ABBREVIATIONS",
    "BOTS",
    "FIELD_NOUNS",
    "LEANS",
    "MACHINES",
    "PROVES",
    "SERVICE",
    "THIRD",
    "TURNABLE",
]

PROVES: dict[str, str] = {
    "agent": """
agent agents agente agentes agentin* agentka agentem agentx main-agent rep reps representative* representant*
represent advisor* adviser* associate associates operator* operador* operatr* operater* operater consultant*
konsultant* konzultant* consultor* consulente* consulent* csr csrs csa csas tsr specialist* spezialist*
especialista* spécialiste* specjalist* technician* technicien* technik technika techniker* technicus tecnico tecnica
tecnici salesperson salesman saleswoman salesrep clerk cashier teller receptionist representante* asesor* ejecutiv*
teleoperador* telemarketer* télévendeur* gestor gestora gestores addett* assistente atendent* conseill*
téléconseiller* téléopérat* télécons* opérat* operat* *berater* *betreuer* *sachbearbeiter* *agentin*
*dienstmitarbeiter* *servicemitarbeiter* *supportmitarbeiter* klantadviseur* adviseur* medewerker-klantenservice
*klantenservice* *klantendienst* *servicemedewerker* doradc* operatork* konzultantk* operátor* poradc* temsilci*
danışman* danisman* yetkilisi handläggare* kundrådgivare* rådgivare* rådgiver* *radgiver* *rådgivar* *behandler*
kundtjänst* *palvelija* *neuvoja* neuvoj* asiakasneuvoj* asiakaspalvel* edustaja* оператор* агент* консультант*
менеджер* специалист* спеціаліст* фахівец* представител* представник* диспетчер* مندوب* وكيل* موظف-الخدمة مستشار*
נציג* מוקדן* סוכן* סוכנ* יועצ* יועץ* εκπροσωπ* πρακτορ* συμβουλ* χειριστ* ügyintéző* ügynök* kezelő tanácsadó*
diszpécser* operatoare* consilier* agentul agentului konsulent* konsulenten petugas agen operatornya staf-cs
nhân-viên-tư-vấn tư-vấn tổng-đài-viên điện-thoại-viên tư-vấn-viên tuvanvien प्रतिनिधि* एजेंट* सलाहकार* ऑपरेटर* 客服
坐席 座席 话务员 接线员 專員 专员 顾问 顧問 代表 業務員 业务员 担当者 担当 オペレーター オペレータ エージェント
アドバイザー コンサルタント 応対者 受付 カスタマーサポート サポートデスク コールセンター 상담원 상담사 상담자
상담직원 에이전트 오퍼레이터 เจ้าหน้าที่ พนักงาน
""",
    "customer": """
customer* customers caller callers client clients clienta clientas cliente clientes clienti clientin* consumer*
consumidor* consumator* enduser endusers usager* appelant* llamante* chiamante* utente utenti assinante abonné*
abonne* abonnent* abonent* debtor debtors assuré* assure kunde kunden kundin kundinnen kunder anrufer* anrufende*
mandant* *kunde verbraucher* endkunde* klant klanten klantin beller bellers opbeller* klient* klijent* dzwoniąc*
rozmówc* zákazn* zakazn* volajíc* müşteri* musteri* arayan* kund uppringare* inringare* inringar* innringer* ringer
opkalder* kunde-i-telefon asiakas* soittaj* клиент* клієнт* абонент* покупател* покупець* заказчик* замовник*
звонящ* звонивш* заявител* дзвонар* عميل* العميل* عملاء زبون* الزبون* متصل المتصل المتصلة مشترك* לקוח* מתקשר* פונה
ופונה צרכן* πελατ* καλων καταναλωτ* ügyfél* ügyfel* vásárló* hívó* hívófél apelant* clientul clientei pelanggan*
konsumen* nasabah* penelepon* khách khách-hàng người-gọi ग्राहक* उपभोक्ता* कॉलर* 客户 客戶 顾客 顧客 用户本人 来电者
來電者 来电人 お客様 お客さま 客様 お客 利用者 発信者 カスタマー ユーザー様 고객 손님 발신자 ลูกค้า ผู้โทร
""",
}
"""Side → stems that prove it."""

LEANS: dict[str, str] = {
    "agent": """
internal* intern interno interna interne internes employee* employe* employé* staff staffer* worker personnel
assistant* assistentin* mitarbeiter* mitarbeitende* angestellt* kolleg* colleague collaborat* empleado* empleada*
impiegat* dipendent* funcionári* colaborador* medewerker* werknemer* pracowni* zaměstnan* zamestnan* pracovní*
çalışan* calisan* personel anställd* medarbetar* medarbejder* ansatt* työntekij* сотрудни* работник* співробітник*
працівник* موظف* الموظف* עובד* υπαλληλ* munkatárs* munkatars* alkalmazott* angajat* karyawan* pegawai* staf
nhân-viên कर्मचारी* 员工 員工 职员 職員 社員 スタッフ 직원 nurse doctor pharmacist banker broker collector
gestionnaire seller vendor verkäufer* verkaeufer* vendedor* vendeur* sprzedaw* продавец* vendit* host provider
officer trainer-in recruiter practitioner helper responder
""",
    "customer": """
external* extern externo externa externe esterno esterna contact contacto contato contatto kontakt member members
mitglied* miembro* membre* membro* patient* paciente* pazient* potilas* pacjent* pacient* пациент* пацієнт* hasta
guest guests gast gäste gaest* hôte invité* huésped* ospite* visitor* besucher* student tenant* mieter* resident*
passenger* fahrgast* adhérent* subscriber* policyholder* cardholder* accountholder* shopper* buyer* käufer*
comprador* acheteur* borrower* claimant* applicant* antragsteller* requester* requestor* prospect* interessent*
inquirer* lead user users benutzer* nutzer* usuario* utilisateur* utilizador* usuári* utente użytkownik* uživatel*
kullanıcı* användar* bruger bruker käyttäj* пользовател* користувач* مستخدم* משתמש* χρηστ* felhasznál* utilizator*
pengguna* người-dùng 用户 用戶 ユーザー ユーザ 利用者様 사용자 human
""",
}
"""Side → stems that lean towards it."""

SERVICE = """
service services servicedesk *servicedesk* servicecent* support* helpdesk* *hotline* hotline care success relations
kundenservice* kundendienst* kundenbetreuung* *kundendienst* *kundenservice* *beratung* kundenhotline kundencenter
callcent* contactcent* callcentre* backoffice servicio atención atencion soporte suporte atendimento serviço servico
sac servizio assistenza supporto servizi obsługa obsluga obsługi wsparcie infolinia podpora podpory podporu linka
obsluha hizmetleri hizmet desteği destek destegi çağrı-merkezi kundservice* kundetjeneste* kundeservice* kundecenter*
kundesenter* tuki asiakastuki* обслуживан* поддержк* техподдержк* підтримк* обслуговуван* خدمة خدمات الدعم دعم שירות
תמיכה מוקד εξυπηρετησ* υποστηριξ* ügyfélszolgál* ugyfelszolgal* támogatás* serviciu serviciul serviciului asistenta
asistență suport relații layanan bantuan dukungan chăm-sóc hỗ-trợ tổng-đài सेवा सहायता सपोर्ट 客服 客户服务 客戶服務
服务台 支持 サポート サービス コールセンター 고객센터 고객지원 지원 klantenservice* klantendienst* ondersteuning*
dispatch
"""
"""Words of an office that answers customers. They make a label the agent's side whatever customer it serves."""

TURNABLE = """
internal* intern interno interna interne internes employee* employe* employé* staff staffer* worker personnel
mitarbeiter* mitarbeitende* angestellt* kolleg* colleague collaborat* empleado* empleada* impiegat* dipendent*
funcionári* colaborador* medewerker* werknemer* pracowni* zaměstnan* zamestnan* çalışan* calisan* personel anställd*
medarbetar* medarbejder* ansatt* työntekij* сотрудни* работник* співробітник* працівник* موظف* الموظف* עובד*
υπαλληλ* munkatárs* munkatars* alkalmazott* angajat* karyawan* pegawai* staf nhân-viên कर्मचारी* 员工 員工 职员 職員
社員 スタッフ 직원 contact contacto contato contatto kontakt user users benutzer* nutzer* usuario* utilisateur*
utilizador* usuári* kullanıcı* användar* bruger bruker käyttäj* пользовател* користувач* مستخدم* משתמש* 用户 用戶
ユーザー ユーザ 사용자
"""
"""Words that lean, and may still be the other side: employees call their own service desk."""

ABBREVIATIONS: dict[str, str] = {
    "agent": "ag agt agnt op opr oper ma advsr asoc kb kdb",
    "customer": "kd kde kdn kdin cust cus cst clt clnt anr",
}
"""Side → what is an abbreviation where it is the whole label. They lean."""

BOTS = """
bot bots chatbot* voicebot* voice-bot *bot botti ai ki model virtual* robot* робот* бот чат-бот بوت 机器人 機器人
ボット 봇 챗봇 automat llm gpt copilot avatar
"""
"""A machine that talks with the customer as an agent does."""

MACHINES = """
ivr acd system* système* sistema systém sistem система* النظام מערכת 系统 系統 システム 시스템 hệ-thống tool
function developer menu menü menú narrator* announcement* ansage* recording voicemail mailbox anrufbeantworter queue
event events status
"""
"""A machine that talks with nobody: a menu of options, a switchboard, the log of a system."""

THIRD = """
supervisor* supervisora teamleit* teamlead* vorgesetzt* kierowni* přepojovatel* süpervizör* супервайзер*
руководител* керівник* مشرف* מנהל* interpret* interprète* intérprete* dolmetsch* übersetzer* traduct* tradutor*
traduttor* translator* tłumacz* tlumočn* tlumocn* tercüman* tolk tolken tulkki* tulkk* переводчик* перекладач*
مترجم* מתורגמן* מתרגם* 翻译 翻譯 口译 通訳 통역 penerjemah* phiên-dịch दुभाषिया* διερμην* tolmács* simultaneous
unknown unbekannt* desconocido* inconnu* sconosciut* interviewer* moderator* custom lawyer attorney whisper*
monitor* coach note notes notiz*
"""
"""Somebody beside the two sides, or nobody: such a label is never given a side by itself."""

FIELD_NOUNS = """
number numbers no nr num id ids name names nummer numero número numéro номер nummern nombre nom nome имя adres
address adresse dirección endereço indirizzo email mail e-mail phone telephone tel telefon teléfono telefone
telefono date datum fecha data time zeit hora heure satisfaction zufriedenheit type typ tipo since seit status code
feedback sentiment language sprache idioma title notes note summary score rating rate cost total question answer
complaint issue problem request reason verified details info information account konto cuenta birth record records
age gender plan 番号 编号 姓名 名前 号码 電話 번호 이름
"""
"""Nouns that make a label the field of a form: "Customer number", "Agent ID"."""
