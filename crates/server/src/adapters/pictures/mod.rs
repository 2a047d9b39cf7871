//! Owns: what pictures of people are made of: without place, camera and words inside before anybody else gets them; small
//! ones for lists; the square of a person. Must not know: whose pictures these are, where they are.
//!
//! Bytes of strangers are decoded here: sides, pixels and memory are limited before anything is opened, and what a decoder
//! gives up on is an answer.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

mod gif;
mod jpeg;
mod png;
mod webp;

/// A picture with a longer side is not opened.
const LONGEST_SIDE: u32 = 16_384;
/// Nor one with more pixels.
pub(crate) const MOST_PIXELS: u64 = 24_000_000;
/// What an opened picture may take in memory.
const MOST_BYTES: u64 = 128 * 1024 * 1024;
/// Width and height of a person's square.
const SIDE: u32 = 256;
const SQUARE_QUALITY: u8 = 88;
/// The longest sides of small pictures, in pixels.
pub(crate) const SMALL_SIDES: [u32; 3] = [200, 400, 800];
const SMALL_QUALITY: u8 = 80;

/// Why a picture is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It cannot be read as one.
    NoPicture,
    /// It would take too much memory.
    TooLarge,
}

/// A picture that says nothing but itself.
#[derive(Clone, Debug)]
pub(crate) struct Cleaned {
    pub bytes: Vec<u8>,
    /// Width and height as it is shown.
    pub measures: Option<(i64, i64)>,
}

/// The same picture, not encoded anew, without anything but what is needed to show it: pixels, colours, and which side is
/// up. `None` when it has no picture, or cannot be read.
pub(crate) fn cleaned(bytes: &[u8]) -> Option<Cleaned> {
    let (bytes, measures, orientation) = if bytes.starts_with(b"GIF8") {
        let (bytes, measures) = gif::cleaned(bytes)?;
        return Some(Cleaned { bytes, measures: Some(measures) });
    } else if bytes.starts_with(b"\xFF\xD8\xFF") {
        let jpeg::Found { rest, measures, orientation } = jpeg::cleaned(bytes)?;
        let exif = turning(orientation).and_then(|tiff| jpeg::exif_segment(&tiff)).unwrap_or_default();
        ([&b"\xFF\xD8"[..], &exif, &rest].concat(), measures, orientation)
    } else if bytes.starts_with(png::SIGNATURE) {
        let png::Found { head, rest, measures, orientation } = png::cleaned(bytes)?;
        let exif = turning(orientation).map(|tiff| png::exif_chunk(&tiff)).unwrap_or_default();
        ([head, exif, rest].concat(), measures, orientation)
    } else if webp::is_webp(bytes) {
        let found = webp::cleaned(bytes)?;
        let (measures, orientation) = (found.measures, found.orientation);
        (found.file(turning(orientation).as_deref()), measures, orientation)
    } else {
        return None;
    };
    Some(Cleaned { bytes, measures: as_shown(measures, orientation) })
}

/// What says so in a file that is to be turned.
fn turning(orientation: Option<Orientation>) -> Option<Vec<u8>> {
    orientation.filter(|orientation| *orientation != Orientation::NoTransforms).map(only_orientation)
}

fn as_shown(measures: Option<(u32, u32)>, orientation: Option<Orientation>) -> Option<(i64, i64)> {
    let (width, height) = measures.filter(|(width, height)| *width > 0 && *height > 0)?;
    match orientation.is_some_and(is_on_its_side) {
        true => Some((height.into(), width.into())),
        false => Some((width.into(), height.into())),
    }
}

/// Whether something may be noted in a picture that cannot be read to its end.
pub(crate) fn may_tell_more(bytes: &[u8]) -> bool {
    static MARKS: &[&[u8]] = &[
        b"Exif",
        b"eXIf",
        b"EXIF",
        b"http:",
        b"tEXt",
        b"zTXt",
        b"iTXt",
        b"XMP",
        b"Photoshop",
        b"MPF\0",
        b"jumb",
        b"\xFF\xFE",
        b"!\xFE",
    ];
    MARKS.iter().any(|mark| bytes.windows(mark.len()).any(|part| part == *mark))
}

/// TIFF with the one entry that says which side is up.
fn only_orientation(orientation: Orientation) -> Vec<u8> {
    let mut exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation.to_exif(), 0, 0, 0, 0, 0, 0]);
    exif
}

fn is_on_its_side(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
}

/// Small pictures of a picture, upright, with the longest side of each; none that would be larger than it is. Takes a while.
///
/// # Errors
/// When it is no picture of a known kind, or too large a one.
pub(crate) fn small(bytes: &[u8]) -> Result<Vec<(u32, Vec<u8>)>, Refusal> {
    let (mut picture, orientation) = opened(bytes)?;
    let longest = picture.width().max(picture.height());
    let mut made = Vec::new();
    let mut upright = false;
    for side in SMALL_SIDES.into_iter().rev().filter(|side| *side < longest) {
        picture = picture.resize(side, side, FilterType::CatmullRom);
        if !upright {
            picture.apply_orientation(orientation);
            upright = true;
        }
        made.push((side, on_white(&picture)?));
    }
    made.reverse();
    Ok(made)
}

/// The middle of a picture, upright, as JPEG, or as PNG where one looks through it. Takes a while.
///
/// # Errors
/// When it is no picture of a known kind, or too large a one.
pub fn square(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    let (whole, orientation) = opened(bytes)?;
    let side = whole.width().min(whole.height());
    let middle = whole.crop_imm((whole.width() - side) / 2, (whole.height() - side) / 2, side, side);
    drop(whole);
    let mut small = middle.resize_exact(SIDE, SIDE, FilterType::CatmullRom);
    small.apply_orientation(orientation);
    let rgba = small.to_rgba8();
    if rgba.pixels().all(|pixel| pixel.0[3] == u8::MAX) {
        return as_jpeg(&small, SQUARE_QUALITY);
    }
    let mut out = Cursor::new(Vec::new());
    rgba.write_to(&mut out, ImageFormat::Png).map_err(refusal)?;
    Ok(out.into_inner())
}

/// A picture, and how it is to be turned.
fn opened(bytes: &[u8]) -> Result<(DynamicImage, Orientation), Refusal> {
    let mut reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|_| Refusal::NoPicture)?;
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(LONGEST_SIDE), Some(LONGEST_SIDE));
    limits.max_alloc = Some(MOST_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(refusal)?;
    let (width, height) = decoder.dimensions();
    if decoder.total_bytes() > MOST_BYTES || u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(Refusal::TooLarge);
    }
    let orientation = orientation(&mut decoder);
    Ok((DynamicImage::from_decoder(decoder).map_err(refusal)?, orientation))
}

/// Some programs begin the Exif of a WebP as that of a JPEG begins, which the decoder does not see through.
fn orientation(decoder: &mut impl ImageDecoder) -> Orientation {
    let exif = decoder.exif_metadata().ok().flatten().unwrap_or_default();
    let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(&exif);
    Orientation::from_exif_chunk(exif).unwrap_or(Orientation::NoTransforms)
}

fn on_white(picture: &DynamicImage) -> Result<Vec<u8>, Refusal> {
    let mut rgba = picture.to_rgba8();
    for pixel in rgba.pixels_mut() {
        let [red, green, blue, alpha] = pixel.0.map(u32::from);
        let over =
            |colour: u32| u8::try_from((colour * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX);
        pixel.0 = [over(red), over(green), over(blue), u8::MAX];
    }
    as_jpeg(&DynamicImage::from(rgba), SMALL_QUALITY)
}

fn as_jpeg(picture: &DynamicImage, quality: u8) -> Result<Vec<u8>, Refusal> {
    let mut out = Cursor::new(Vec::new());
    let encoder = JpegEncoder::new_with_quality(&mut out, quality);
    picture.to_rgb8().write_with_encoder(encoder).map_err(refusal)?;
    Ok(out.into_inner())
}

fn refusal(error: image::ImageError) -> Refusal {
    match error {
        image::ImageError::Limits(_) => Refusal::TooLarge,
        _ => Refusal::NoPicture,
    }
}
#[cfg(test)]
mod tests;
