// Code that signs a person in: it makes the token that Parlor believes (HS256, claims of docs/admin.md). Each sample is
// whole: the languages' own libraries, and for PHP, Node and Python nothing that must be installed.

export type Language = 'php' | 'node' | 'python' | 'ruby' | 'rust';
export const LANGUAGES: { id: Language; name: string }[] = [
  { id: 'php', name: 'PHP' }, { id: 'node', name: 'Node.js' }, { id: 'python', name: 'Python' }, { id: 'ruby', name: 'Ruby' }, { id: 'rust', name: 'Rust' },
];

export interface Signing { tenant: string; kid: string | null }

const php = ({ tenant, kid }: Signing) => `<?php
function parlor_token(string $secret, array $user): string {
    $part = fn (string $bytes) => rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    $header = ['alg' => 'HS256', 'typ' => 'JWT'${kid ? `, 'kid' => '${kid}'` : ''}];
    $claims = [
        'tenant' => '${tenant}',
        'sub' => (string) $user['id'],        // your own id of the person
        'name' => $user['name'],
        'email' => $user['email'],
        'roles' => ['member'],                // optional: replaces the roles given in Parlor, at every sign-in
        'exp' => time() + 600,                // ten minutes
    ];
    $signed = $part(json_encode($header)) . '.' . $part(json_encode($claims));
    return $signed . '.' . $part(hash_hmac('sha256', $signed, $secret, true));
}

echo parlor_token(getenv('PARLOR_JWT_SECRET'), ['id' => 42, 'name' => 'Maria Silva', 'email' => 'maria@example.com']);
`;

const node = ({ tenant, kid }: Signing) => `import { createHmac } from 'node:crypto';

export function parlorToken(secret, user) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const header = { alg: 'HS256', typ: 'JWT'${kid ? `, kid: '${kid}'` : ''} };
  const claims = {
    tenant: '${tenant}',
    sub: String(user.id), // your own id of the person
    name: user.name,
    email: user.email,
    roles: ['member'], // optional: replaces the roles given in Parlor, at every sign-in
    exp: Math.floor(Date.now() / 1000) + 600, // ten minutes
  };
  const signed = \`\${part(header)}.\${part(claims)}\`;
  return \`\${signed}.\${createHmac('sha256', secret).update(signed).digest('base64url')}\`;
}

console.log(parlorToken(process.env.PARLOR_JWT_SECRET, { id: 42, name: 'Maria Silva', email: 'maria@example.com' }));
`;

const python = ({ tenant, kid }: Signing) => `import base64, hashlib, hmac, json, os, time

def parlor_token(secret, user):
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    header = {"alg": "HS256", "typ": "JWT"${kid ? `, "kid": "${kid}"` : ''}}
    claims = {
        "tenant": "${tenant}",
        "sub": str(user["id"]),         # your own id of the person
        "name": user["name"],
        "email": user["email"],
        "roles": ["member"],            # optional: replaces the roles given in Parlor, at every sign-in
        "exp": int(time.time()) + 600,  # ten minutes
    }
    signed = part(json.dumps(header).encode()) + "." + part(json.dumps(claims).encode())
    digest = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return signed + "." + part(digest)

print(parlor_token(os.environ["PARLOR_JWT_SECRET"], {"id": 42, "name": "Maria Silva", "email": "maria@example.com"}))
`;

const ruby = ({ tenant, kid }: Signing) => `require "json"
require "openssl"

def parlor_token(secret, user)
  part = ->(bytes) { [bytes].pack("m0").tr("+/", "-_").delete("=") }
  header = { alg: "HS256", typ: "JWT"${kid ? `, kid: "${kid}"` : ''} }
  claims = {
    tenant: "${tenant}",
    sub: user[:id].to_s,         # your own id of the person
    name: user[:name],
    email: user[:email],
    roles: ["member"],           # optional: replaces the roles given in Parlor, at every sign-in
    exp: Time.now.to_i + 600     # ten minutes
  }
  signed = [header, claims].map { |value| part.call(JSON.generate(value)) }.join(".")
  "#{signed}.#{part.call(OpenSSL::HMAC.digest("SHA256", secret, signed))}"
end

puts parlor_token(ENV.fetch("PARLOR_JWT_SECRET"), { id: 42, name: "Maria Silva", email: "maria@example.com" })
`;

const rust = ({ tenant, kid }: Signing) => `// Cargo.toml: jsonwebtoken = { version = "11", features = ["rust_crypto"] }, serde_json = "1"
use jsonwebtoken::{encode, Algorithm, EncodingKey, Header};
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};

fn parlor_token(secret: &str, id: u64, name: &str, email: &str) -> jsonwebtoken::errors::Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let ${kid ? 'mut ' : ''}header = Header::new(Algorithm::HS256);${kid ? `\n    header.kid = Some("${kid}".to_owned());` : ''}
    let claims = json!({
        "tenant": "${tenant}",
        "sub": id.to_string(),  // your own id of the person
        "name": name,
        "email": email,
        "roles": ["member"],    // optional: replaces the roles given in Parlor, at every sign-in
        "exp": now + 600,       // ten minutes
    });
    encode(&header, &claims, &EncodingKey::from_secret(secret.as_bytes()))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let secret = std::env::var("PARLOR_JWT_SECRET")?;
    println!("{}", parlor_token(&secret, 42, "Maria Silva", "maria@example.com")?);
    Ok(())
}
`;

const makers: Record<Language, (signing: Signing) => string> = { php, node, python, ruby, rust };
/** What goes into the samples is put between quotes: only what needs no escape. */
const plain = (text: string) => text.replace(/[^\w.:@-]/g, '_');

export const sample = (language: Language, { tenant, kid }: Signing): string => makers[language]({ tenant: plain(tenant), kid: kid && plain(kid) });
