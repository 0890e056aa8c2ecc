"""The badge in the picture, which says that this is a stand-in."""

from PIL import Image, ImageDraw, ImageFont

TEXT = "stand-in for LiveAvatar"


def paint_badge(height: int) -> Image.Image:
    """Paint a small label for a corner of the picture, in RGBA."""
    font = ImageFont.load_default(size=max(9.0, height * 0.020))
    left, top, right, bottom = (round(edge) for edge in font.getbbox(TEXT))
    margin = round(height * 0.008)
    badge = Image.new("RGBA", (right - left + 4 * margin, bottom - top + 2 * margin))
    draw = ImageDraw.Draw(badge)
    draw.rounded_rectangle((0, 0, badge.width - 1, badge.height - 1), radius=badge.height // 2, fill=(8, 14, 22, 150))
    draw.text((2 * margin - left, margin - top), TEXT, font=font, fill=(235, 240, 245, 210))
    return badge
