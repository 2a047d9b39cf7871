//! What comes out of pictures, friendly and hostile.

use std::path::{Path, PathBuf};
use std::process::Command;

use image::{Rgb, RgbImage, Rgba, RgbaImage};
use parlor_db::testing::TempDir;

use super::*;

fn png(picture: &DynamicImage) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, ImageFormat::Png).unwrap();
    out.into_inner()
}

/// Red on the left, green in the middle, blue on the right.
fn stripes(width: u32, height: u32) -> DynamicImage {
    let third = |x: u32| usize::try_from(x * 3 / width).unwrap();
    let picture =
        RgbImage::from_fn(width, height, |x, _| Rgb([[250, 0, 0], [0, 250, 0], [0, 0, 250]][third(x)]));
    picture.into()
}

fn near(picture: &RgbImage, x: u32, y: u32, colour: [u8; 3]) -> bool {
    picture.get_pixel(x, y).0.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 12)
}

#[test]
fn the_middle_is_what_stays() {
    let small = image::load_from_memory(&square(&png(&stripes(900, 300))).unwrap()).unwrap().to_rgb8();
    assert_eq!(small.dimensions(), (SIDE, SIDE));
    assert!(near(&small, 4, 128, [0, 250, 0]) && near(&small, 251, 128, [0, 250, 0]));
    let tiny = square(&png(&stripes(3, 3))).unwrap();
    assert_eq!(image::load_from_memory(&tiny).unwrap().to_rgb8().dimensions(), (SIDE, SIDE));
}

#[test]
fn it_is_turned_upright_and_says_nothing_more() {
    let mut jpeg = Cursor::new(Vec::new());
    stripes(300, 300).write_to(&mut jpeg, ImageFormat::Jpeg).unwrap();
    let jpeg = jpeg.into_inner();
    // Exif with one entry: orientation 6, to be turned to the right. And a word that must not come out.
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    exif.extend(b"secret-place");
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    let told = [&jpeg[..2], b"\xff\xe1", &length[..], &exif[..], &jpeg[2..]].concat();
    let out = square(&told).unwrap();
    assert!(!out.windows(6).any(|part| part == b"secret") && !out.windows(4).any(|part| part == b"Exif"));
    let small = image::load_from_memory(&out).unwrap().to_rgb8();
    assert!(near(&small, 128, 10, [250, 0, 0]) && near(&small, 128, 245, [0, 0, 250]), "left is up now");
}

#[test]
fn what_one_looks_through_stays_so() {
    let glass = RgbaImage::from_pixel(20, 20, Rgba([10, 20, 30, 100]));
    let out = square(&png(&glass.into())).unwrap();
    assert_eq!(image::guess_format(&out).unwrap(), ImageFormat::Png);
    let solid = RgbaImage::from_pixel(20, 20, Rgba([10, 20, 30, 255]));
    let out = square(&png(&solid.into())).unwrap();
    assert_eq!(image::guess_format(&out).unwrap(), ImageFormat::Jpeg);
}

#[test]
fn hostile_pictures_are_refused() {
    let whole = png(&stripes(60, 60));
    for no_picture in [
        &b""[..],
        b"just words",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR-not-much-of-a-picture",
        &whole[..whole.len() / 2],
    ] {
        assert_eq!(square(no_picture), Err(Refusal::NoPicture));
    }
    // Few bytes that say they are many: the measures in the header are enough to refuse.
    let mut bomb = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bomb.extend(11_000_u32.to_be_bytes());
    bomb.extend(11_000_u32.to_be_bytes());
    bomb.extend([8, 2, 0, 0, 0]);
    let sum = crc32(&bomb[12..]);
    bomb.extend(sum.to_be_bytes());
    bomb.extend(b"\0\0\0\0IDAT\x35\xaf\x06\x1e");
    assert_eq!(square(&bomb), Err(Refusal::TooLarge));
    bomb[16..20].copy_from_slice(&100_000_u32.to_be_bytes());
    let sum = crc32(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&sum.to_be_bytes());
    assert_eq!(square(&bomb), Err(Refusal::TooLarge));
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, _| if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 };
    !bytes.iter().fold(!0, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), step))
}

const SECRET: &[u8] = b"secret-place";

/// Exif with one entry: orientation 6, to be turned to the right. And a word that must not come out.
fn exif() -> Vec<u8> {
    [&b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"[..], SECRET].concat()
}

fn segment(marker: u8, contents: &[u8]) -> Vec<u8> {
    let length = u16::try_from(contents.len() + 2).unwrap().to_be_bytes();
    [&[0xFF, marker][..], &length, contents].concat()
}

/// 60 wide and 30 high, and to be turned, with words in every place that a format has.
fn telling() -> Vec<(&'static str, Vec<u8>)> {
    let as_format = |format: ImageFormat| {
        let mut out = Cursor::new(Vec::new());
        stripes(60, 30).write_to(&mut out, format).unwrap();
        out.into_inner()
    };
    let jpeg = as_format(ImageFormat::Jpeg);
    let said = [
        segment(0xE1, &[b"Exif\0\0", &exif()[..]].concat()),
        segment(0xE1, &[b"http://ns.adobe.com/xap/1.0/\0", SECRET].concat()),
        segment(0xED, SECRET),
        segment(0xE2, &[b"MPF\0", SECRET].concat()),
        segment(0xFE, SECRET),
        segment(0xE0, &[&b"JFIF\0\x01\x02\0\0\x01\0\x01\x02\x02"[..], SECRET].concat()),
        segment(0xEE, &[&b"Adobe\0\x64\0\0\0\0\x01"[..], SECRET].concat()),
        segment(0xF0, SECRET),
        segment(0x02, SECRET),
    ];
    let jpeg = [&jpeg[..2], &said.concat(), &jpeg[2..], SECRET].concat();

    let png = as_format(ImageFormat::Png);
    let chunk = |kind: &[u8; 4], contents: &[u8]| {
        let length = u32::try_from(contents.len()).unwrap().to_be_bytes();
        let sum = crc32(&[kind, contents].concat()).to_be_bytes();
        [&length[..], kind, contents, &sum].concat()
    };
    let said =
        [chunk(b"tEXt", SECRET), chunk(b"eXIf", &exif()), chunk(b"zTXt", SECRET), chunk(b"prVt", SECRET)]
            .concat();
    // Behind the signature and the head.
    let png = [&png[..33], &said, &png[33..], SECRET].concat();

    let webp = |begins: &[u8]| {
        let plain = as_format(ImageFormat::WebP);
        let head = [&[0x0C, 0, 0, 0, 59, 0, 0, 29, 0, 0][..]].concat();
        let mut chunks = Vec::new();
        for (kind, contents) in [
            (b"VP8X", &head[..]),
            (b"VP8L", &plain[20..]),
            (b"EXIF", &[begins, &exif()].concat()),
            (b"XMP ", SECRET),
            (b"what", SECRET),
        ] {
            chunks.extend(kind);
            chunks.extend(u32::try_from(contents.len()).unwrap().to_le_bytes());
            chunks.extend(contents);
            chunks.extend((contents.len() % 2 == 1).then_some(0));
        }
        let size = u32::try_from(chunks.len() + 4).unwrap().to_le_bytes();
        [b"RIFF", &size[..], b"WEBP", &chunks, SECRET].concat()
    };
    vec![("jpeg", jpeg), ("png", png), ("webp", webp(b"")), ("webp with a beginning", webp(b"Exif\0\0"))]
}

#[test]
fn what_a_camera_notes_is_gone_and_the_picture_stays_upright() {
    for (format, bytes) in telling() {
        let Cleaned { bytes: clean, measures } = cleaned(&bytes).unwrap();
        assert!(!clean.windows(SECRET.len()).any(|part| part == SECRET), "{format}");
        assert_eq!(measures, Some((30, 60)), "{format}: as it is shown");
        let (before, after) = (square(&bytes).unwrap(), square(&clean).unwrap());
        assert_eq!(before, after, "{format}: the same pixels, turned the same way");
        let upright = image::load_from_memory(&after).unwrap().to_rgb8();
        assert!(near(&upright, 128, 10, [0, 250, 0]) || upright.dimensions() == (SIDE, SIDE), "{format}");
        assert_eq!(cleaned(&clean).unwrap().bytes, clean, "{format}: nothing more to take away");
    }
}

#[test]
fn a_gif_keeps_its_pictures_and_how_often_they_are_shown() {
    let mut frames = Vec::new();
    {
        let mut encoder = image::codecs::gif::GifEncoder::new(&mut frames);
        encoder.set_repeat(image::codecs::gif::Repeat::Infinite).unwrap();
        for shade in [10, 200] {
            let frame = RgbaImage::from_pixel(8, 4, Rgba([shade, 0, 0, 255]));
            encoder.encode_frame(image::Frame::new(frame)).unwrap();
        }
    }
    let end = frames.len() - 1;
    let comment = [&[0x21, 0xFE, 12][..], SECRET, &[0]].concat();
    let program = [&[0x21, 0xFF, 11][..], b"XMP DataXMP", &[12], SECRET, &[0]].concat();
    let told = [&frames[..end], &comment, &program, &[0x3B], SECRET].concat();
    let Cleaned { bytes, measures } = cleaned(&told).unwrap();
    assert_eq!((&bytes[..], measures), (&frames[..], Some((8, 4))));
    for end in 0..told.len() {
        let cut = cleaned(&told[..end]);
        assert!(
            cut.is_none_or(|cut| !cut.bytes.windows(SECRET.len()).any(|part| part == SECRET)),
            "cut off at {end}"
        );
    }
    let mut wide = frames.clone();
    let frame = wide.windows(2).position(|part| part == [0x2C, 0]).unwrap();
    wide[frame + 5..frame + 9].copy_from_slice(&[0xFF; 4]);
    assert_eq!(
        cleaned(&wide).unwrap().measures,
        Some((65_535, 65_535)),
        "the largest of its pictures counts"
    );
}

#[test]
fn small_pictures_are_upright_and_never_larger_than_the_picture() {
    let mut jpeg = Cursor::new(Vec::new());
    stripes(1_000, 500).write_to(&mut jpeg, ImageFormat::Jpeg).unwrap();
    let jpeg = jpeg.into_inner();
    let turned = [&jpeg[..2], &segment(0xE1, &[b"Exif\0\0", &exif()[..]].concat()), &jpeg[2..]].concat();
    let sides = |bytes: &[u8]| {
        let made = small(bytes).unwrap();
        let measures = |bytes: &[u8]| image::load_from_memory(bytes).unwrap().to_rgb8().dimensions();
        made.iter().map(|(side, bytes)| (*side, measures(bytes))).collect::<Vec<_>>()
    };
    assert_eq!(sides(&jpeg), [(200, (200, 100)), (400, (400, 200)), (800, (800, 400))]);
    assert_eq!(sides(&turned), [(200, (100, 200)), (400, (200, 400)), (800, (400, 800))]);
    assert_eq!(sides(&png(&stripes(300, 20))), [(200, (200, 13))]);
    assert_eq!(sides(&png(&stripes(200, 200))), []);
    let glass = png(&RgbaImage::from_pixel(300, 300, Rgba([0, 0, 0, 0])).into());
    let white = image::load_from_memory(&small(&glass).unwrap()[0].1).unwrap().to_rgb8();
    assert!(near(&white, 100, 100, [255, 255, 255]), "what one looks through is white");
}

/// Pictures that nobody made for us, broken and hostile ones among them; none where they are not at hand.
fn corpus(folder: &TempDir) -> Vec<PathBuf> {
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/real.tar.gz");
    if !archive.exists() {
        eprintln!("skipped: the corpus of hostile pictures is not at hand");
        return Vec::new();
    }
    let unpacked =
        Command::new("tar").arg("xzf").arg(&archive).arg("-C").arg(folder.path()).status().unwrap();
    assert!(unpacked.success());
    let mut folders = vec![folder.path().join("shared/hostile")];
    let mut files = Vec::new();
    while let Some(one) = folders.pop() {
        for entry in std::fs::read_dir(one).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files
}

#[test]
fn hostile_pictures_come_to_a_picture_or_to_nothing() {
    let folder = TempDir::new().unwrap();
    for path in corpus(&folder) {
        let bytes = std::fs::read(&path).unwrap();
        for made in small(&bytes).into_iter().flatten() {
            assert!(image::load_from_memory(&made.1).is_ok(), "{}", path.display());
        }
        let _ = square(&bytes);
        let Some(Cleaned { bytes: clean, .. }) = cleaned(&bytes) else { continue };
        assert_eq!(cleaned(&clean).unwrap().bytes, clean, "{}", path.display());
    }
}

/// One picture, turned in eight ways and noted down so.
#[test]
fn whichever_way_it_was_held_it_looks_the_same() {
    let folder = TempDir::new().unwrap();
    let shown = |path: &Path| {
        let clean = cleaned(&std::fs::read(path).unwrap()).unwrap();
        let upright = image::load_from_memory(&square(&clean.bytes).unwrap()).unwrap().to_rgb8();
        (clean.measures, upright)
    };
    let turned: Vec<PathBuf> = corpus(&folder)
        .into_iter()
        .filter(|path| path.to_string_lossy().contains("hopper_orientation"))
        .collect();
    for extension in ["jpg", "webp"] {
        let mut alike = turned.iter().filter(|path| path.extension().is_some_and(|end| end == extension));
        let Some(first) = alike.next() else { continue };
        let (measures, picture) = shown(first);
        for other in alike {
            let (also, pixels) = shown(other);
            assert_eq!(also, measures, "{}", other.display());
            let apart: u64 = picture.iter().zip(pixels.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
            assert!(apart / (picture.len() as u64) < 12, "{}: {apart}", other.display());
        }
    }
}

/// Every picture that breaks off, and every one with a wrong byte, comes to something.
#[test]
fn broken_pictures_come_to_a_picture_or_to_nothing() {
    for (format, bytes) in telling() {
        for end in 0..bytes.len() {
            if let Some(cut) = cleaned(&bytes[..end]) {
                assert!(
                    !cut.bytes.windows(SECRET.len()).any(|part| part == SECRET),
                    "{format} cut off at {end}"
                );
            }
        }
        for at in 0..bytes.len() {
            let mut spoilt = bytes.clone();
            spoilt[at] = 0xFF;
            let _ = cleaned(&spoilt);
        }
    }
}

/// The head of an extended WebP may say that it is small.
#[test]
fn a_webp_is_as_large_as_what_is_in_it() {
    let large = [0x2F, 0xFF, 0xFF, 0xFF, 0x0F, 0];
    let head = [0; 10];
    let mut chunks =
        [&b"VP8X"[..], &10_u32.to_le_bytes(), &head, b"VP8L", &6_u32.to_le_bytes(), &large].concat();
    let size = u32::try_from(chunks.len() + 4).unwrap().to_le_bytes();
    chunks = [b"RIFF", &size[..], b"WEBP", &chunks].concat();
    assert_eq!(cleaned(&chunks).unwrap().measures, Some((16_384, 16_384)));
}
