// Every word of the pages in both languages, and how times and numbers are written in them.

const WORDS = {
  en: {
    panel: "Calls", desk: "Customer", live: "Connected", lost: "Reconnecting", denied: "No access", connecting: "Connecting",
    idle: "Waiting for a call", idleHint: "This page follows your phone. When it rings, you see here who it is.",
    ringing: "Ringing", answered: "On the phone", ended: "Call ended", number: "Number",
    unknown: "Unknown caller", unknownHint: "Nobody known has this number.", withheld: "Number withheld",
    many: "Several customers share this number", manyHint: "Choose the one who is calling.", other: "Other candidates",
    dialled: "Dialled", vdn: "VDN", queue: "Queue", digits: "Entered digits", data: "Call data", lastContact: "Last contact", noContact: "No earlier contact",
    profile: "Profile", handles: "Numbers and ids", timeline: "History", noTimeline: "No calls or chats yet.", more: "Earlier",
    remark: "Remark", remarkHint: "What was this conversation about?", save: "Save", saving: "Saving", saved: "Saved", unsaved: "Not saved yet",
    notSaved: "Not saved", tryAgain: "try again", tooLong: "Too long by {n} characters",
    cdrs: "Calls", time: "Time", calling: "Calling number", alternate: "Alternate number", agent: "Agent", outcome: "Outcome", noCdrs: "No calls yet.", editRemark: "Write remark", changeRemark: "Change remark", remarksUnread: "What was remarked before could not be loaded; saving replaces a remark of yours.",
    tokenTitle: "Access", tokenHint: "Paste the token your administrator gave you. It stays in this tab only.", tokenSave: "Continue", tokenBad: "This token does not work here.",
    noSuch: "No customer is known by this id yet.", noSuchHint: "He appears here with his first call or chat.", noParameters: "Open this page from your chat desk.", failed: "This could not be loaded.",
    load: "Reload", close: "Close", talkTime: "Talk time", talk: "talked {d}", waited: "waited {d}", messages: "{n} messages", transfers: "{n} transfers", noName: "No name", noLiveCall: "No call of yours fits this address.",
    visitor: "Customer", bot: "Bot", system: "System", indexHint: "Two pages for the people who talk with customers.", panelHint: "For voice agents: who is calling, and what was before.", deskHint: "For online agents: the calls of the customer who writes.", api: "API description",
    "ch.phone": "Phone", "ch.web": "Web chat", "ch.wechat": "WeChat", "ch.app": "App", "ch.email": "E-mail",
    "out.open": "Open", "out.answered": "Answered", "out.abandoned_in_queue": "Gave up in queue", "out.abandoned_ringing": "Gave up ringing", "out.unanswered": "Not answered", "out.failed": "Failed", "out.voicemail": "Voicemail",
    "f.name": "Name", "f.level": "Level", "f.owner": "Personal agent", "f.email": "E-mail", "f.language": "Language", "f.company": "Company", "f.gender": "Gender", "f.city": "City",
    "s.phone": "Phone", "s.email": "E-mail", "s.account_no": "Account", "s.crm_id": "CRM", "s.web_visitor": "Web visitor", "s.wx_openid": "WeChat", "s.easemob_id": "App",
    "src.agents": "agent",
  },
  zh: {
    panel: "来电", desk: "客户", live: "已连接", lost: "正在重新连接", denied: "无权访问", connecting: "正在连接",
    idle: "等待来电", idleHint: "本页面随话机自动切换，振铃时即显示来电客户。",
    ringing: "振铃中", answered: "通话中", ended: "通话已结束", number: "号码",
    unknown: "未知来电", unknownHint: "尚无客户使用此号码。", withheld: "号码保密",
    many: "多位客户共用此号码", manyHint: "请选择来电的客户。", other: "其他可能的客户",
    dialled: "被叫号码", vdn: "VDN", queue: "队列", digits: "按键输入", data: "随路数据", lastContact: "上次联系", noContact: "此前没有联系记录",
    profile: "客户资料", handles: "号码与账号", timeline: "联系记录", noTimeline: "暂无通话或会话。", more: "更早",
    remark: "备注", remarkHint: "本次沟通的内容", save: "保存", saving: "正在保存", saved: "已保存", unsaved: "尚未保存",
    notSaved: "未能保存", tryAgain: "请重试", tooLong: "超出 {n} 个字",
    cdrs: "通话记录", time: "时间", calling: "来电号码", alternate: "备用号码", agent: "坐席", outcome: "结果", noCdrs: "暂无通话。", editRemark: "填写备注", changeRemark: "修改备注", remarksUnread: "此前的备注未能载入；保存会覆盖您自己的旧备注。",
    tokenTitle: "访问令牌", tokenHint: "请粘贴管理员提供的令牌，仅保存在本标签页。", tokenSave: "继续", tokenBad: "此令牌在这里无效。",
    noSuch: "尚未识别到此客户。", noSuchHint: "客户首次来电或会话后即会显示。", noParameters: "请从在线客服系统打开本页面。", failed: "加载失败。",
    load: "重新加载", close: "关闭", talkTime: "通话时长", talk: "通话 {d}", waited: "等待 {d}", messages: "{n} 条消息", transfers: "转接 {n} 次", noName: "无姓名", noLiveCall: "没有与此地址相符的来电。",
    visitor: "客户", bot: "机器人", system: "系统", indexHint: "供客服人员使用的两个页面。", panelHint: "语音坐席：谁在来电，之前发生过什么。", deskHint: "在线坐席：正在会话的客户的通话记录。", api: "API 说明",
    "ch.phone": "电话", "ch.web": "网页会话", "ch.wechat": "微信", "ch.app": "应用内会话", "ch.email": "邮件",
    "out.open": "进行中", "out.answered": "已接通", "out.abandoned_in_queue": "排队时放弃", "out.abandoned_ringing": "振铃时放弃", "out.unanswered": "未接听", "out.failed": "呼叫失败", "out.voicemail": "语音信箱",
    "f.name": "姓名", "f.level": "等级", "f.owner": "专属坐席", "f.email": "邮箱", "f.language": "语言", "f.company": "公司", "f.gender": "性别", "f.city": "城市",
    "s.phone": "电话", "s.email": "邮箱", "s.account_no": "账号", "s.crm_id": "CRM", "s.web_visitor": "网页访客", "s.wx_openid": "微信", "s.easemob_id": "应用",
    "src.agents": "坐席",
  },
};

const KEY = "trunkline-lang";
let language = "en";

export function chooseLanguage() {
  const asked = new URLSearchParams(location.search).get("lang") || stored() || navigator.language || "en";
  use(asked);
}

export function switchLanguage() {
  use(language === "en" ? "zh" : "en");
  try { sessionStorage.setItem(KEY, language); } catch { /* a frame without storage */ }
}

function use(asked) {
  language = /^(zh|cn)/i.test(asked) ? "zh" : "en";
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
}

function stored() {
  try { return sessionStorage.getItem(KEY); } catch { return null; }
}

export const otherLanguage = () => (language === "en" ? "中文" : "English");

export function t(key, values = {}) {
  const text = WORDS[language][key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// A word of a family, or the raw word where we have none of our own: channels, outcomes, fields, schemes.
export function word(family, raw) {
  return WORDS[language][`${family}.${raw}`] ?? raw;
}

const locale = () => (language === "zh" ? "zh-CN" : "en-GB");

export function clock(iso) {
  return new Intl.DateTimeFormat(locale(), { hour: "2-digit", minute: "2-digit" }).format(new Date(iso));
}

export function when(iso) {
  const date = new Date(iso);
  const midnight = new Date();
  midnight.setHours(0, 0, 0, 0);
  const days = Math.ceil((midnight - date) / 86400000);
  if (days <= 0) return clock(iso);
  if (days === 1) return `${new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }).format(-1, "day")} ${clock(iso)}`;
  const year = date.getFullYear() === midnight.getFullYear() ? undefined : "numeric";
  return new Intl.DateTimeFormat(locale(), { year, month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" }).format(date);
}

export function age(iso) {
  const seconds = (Date.now() - new Date(iso)) / 1000;
  const format = new Intl.RelativeTimeFormat(locale(), { numeric: "auto" });
  for (const [unit, size] of [["year", 31557600], ["month", 2629800], ["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (seconds >= size) return format.format(-Math.floor(seconds / size), unit);
  }
  return format.format(0, "minute");
}

export function duration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

// Grouped for reading; the digits stay as they are.
export function phone(raw) {
  const shapes = [/^(\+86|0086|86)?0?(1[3-9]\d)(\d{4})(\d{4})$/, /^(\+86)?(0?10|0?2\d)(\d{4})(\d{4})$/, /^(400|800)(\d{3})(\d{4})$/];
  const found = shapes.map((shape) => shape.exec(raw || "")).find(Boolean);
  return found ? found.slice(1).filter(Boolean).join("\u2009") : raw;
}

// The name a source is known by: its last part.
export const source = (path) => (path === "/agents" ? t("src.agents") : (path || "").split("/").pop());
