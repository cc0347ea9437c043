/** The campaign under which the welcome page's mails are counted. */
export const SAMPLE_CAMPAIGN = "Welcome";

/** A small mail as senders write them: two links, a button, an unsubscribe link that stays as it is. */
export const SAMPLE_MAIL = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Spring is here</title>
<base target="_blank">
</head>
<body style="margin:0;background:#f3f1ea;font-family:Georgia,serif;color:#26302c">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center" style="padding:24px 12px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:420px;background:#ffffff;border-radius:10px">
<tr><td style="padding:28px 28px 8px;font-size:13px;letter-spacing:1px;color:#66706b">FERN &amp; FIELD</td></tr>
<tr><td style="padding:0 28px;font-size:26px;line-height:32px">Spring is here.</td></tr>
<tr><td style="padding:12px 28px;font-size:16px;line-height:25px">The new seed catalogue has 40 kinds of tomato in it. <a href="https://example.com/tomatoes" style="color:#1c6b52">Yes, 40</a>.</td></tr>
<tr><td style="padding:12px 28px 26px"><a href="https://example.com/catalogue" style="display:inline-block;background:#1c6b52;color:#ffffff;padding:12px 22px;border-radius:6px;text-decoration:none">See the catalogue</a></td></tr>
<tr><td style="padding:16px 28px 24px;border-top:1px solid #e6e2d6;font-size:13px;color:#66706b">You get this because you asked for it. <a href="https://example.com/unsubscribe" style="color:#66706b">Unsubscribe</a></td></tr>
</table>
</td></tr></table>
</body>
</html>
`;
