// The number of unread messages in the title and on the icon of the tab.

let drawn = '';

export function badge(unread: number, mentions: number, name: string): void {
  document.title = unread > 0 ? `(${unread > 99 ? '99+' : unread}) ${name}` : name;
  const state = unread === 0 ? 'none' : mentions > 0 ? 'mention' : 'unread';
  if (state === drawn) return;
  drawn = state;
  const link = document.querySelector<HTMLLinkElement>('link[rel=icon]');
  if (!link) return;
  if (state === 'none') {
    link.type = 'image/svg+xml';
    link.href = '/app/favicon.svg';
    return;
  }
  const image = new Image(64, 64);
  image.onload = () => draw(image, link, state === 'mention' ? '#D1293D' : '#E07A00');
  image.src = '/app/favicon.svg';
}

function draw(image: HTMLImageElement, link: HTMLLinkElement, colour: string): void {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 64;
  const pen = canvas.getContext('2d');
  if (!pen) return;
  pen.drawImage(image, 0, 0, 64, 64);
  pen.beginPath();
  pen.arc(48, 16, 15, 0, Math.PI * 2);
  pen.fillStyle = colour;
  pen.fill();
  pen.lineWidth = 4;
  pen.strokeStyle = '#fff';
  pen.stroke();
  link.type = 'image/png';
  link.href = canvas.toDataURL('image/png');
}
