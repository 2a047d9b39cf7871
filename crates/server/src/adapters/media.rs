//! Owns: making a small square of any picture that people choose. Must not know: HTTP, whose picture it is.
//! What comes out is encoded anew, so that nothing of the original stays in it: no place, no camera, no profile.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

/// Width and height of what comes out.
const SIDE: u32 = 256;
/// A picture with a longer side is not opened.
const LONGEST_SIDE: u32 = 12_000;
/// What an opened picture may take in memory: some 32 megapixels in colour.
const MOST_BYTES: u64 = 100 * 1024 * 1024;
const QUALITY: u8 = 88;

/// Why a picture is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It cannot be read as one.
    NoPicture,
    /// It would take too much memory.
    TooLarge,
}

/// The middle of a picture, upright, as JPEG, or as PNG where one looks through it. Takes a while.
///
/// # Errors
/// When it is no picture of a known kind, or too large a one.
pub fn square(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|_| Refusal::NoPicture)?;
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(LONGEST_SIDE), Some(LONGEST_SIDE));
    limits.max_alloc = Some(MOST_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(refusal)?;
    if decoder.total_bytes() > MOST_BYTES {
        return Err(Refusal::TooLarge);
    }
    let orientation = decoder.orientation().ok();
    let whole = DynamicImage::from_decoder(decoder).map_err(refusal)?;
    let side = whole.width().min(whole.height());
    let middle = whole.crop_imm((whole.width() - side) / 2, (whole.height() - side) / 2, side, side);
    drop(whole);
    let mut small = middle.resize_exact(SIDE, SIDE, FilterType::CatmullRom);
    if let Some(orientation) = orientation {
        small.apply_orientation(orientation);
    }
    encoded(&small)
}

fn refusal(error: image::ImageError) -> Refusal {
    match error {
        image::ImageError::Limits(_) => Refusal::TooLarge,
        _ => Refusal::NoPicture,
    }
}

fn encoded(picture: &DynamicImage) -> Result<Vec<u8>, Refusal> {
    let mut out = Cursor::new(Vec::new());
    let rgba = picture.to_rgba8();
    let done = if rgba.pixels().all(|pixel| pixel.0[3] == u8::MAX) {
        JpegEncoder::new_with_quality(&mut out, QUALITY).encode_image(&picture.to_rgb8())
    } else {
        rgba.write_to(&mut out, ImageFormat::Png)
    };
    done.map_err(refusal).map(|()| out.into_inner())
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage, Rgba, RgbaImage};

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
}
