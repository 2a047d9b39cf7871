// The texts of the administration: they come with it, so that the inbox need not carry them.
import type { Dictionary, Locale } from '$core/text/i18n';

const loaders: Record<Locale, () => Promise<{ default: unknown }>> = {
  en: () => import('$locales/admin/en.json'),
  fr: () => import('$locales/admin/fr.json'),
  de: () => import('$locales/admin/de.json'),
  pt: () => import('$locales/admin/pt.json'),
};

export const texts = async (locale: Locale): Promise<Partial<Dictionary>> => (await loaders[locale]()).default as Partial<Dictionary>;
