// The quick messenger's own client. Languages that are fetched later use it too (embed.mjs): nothing else is imported here.
import { Client } from '$core/api/client';

export const client = new Client();
