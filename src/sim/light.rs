//! What the time of day does to colours: sun, dusk, or the infrared lamp of the camera.

use crate::base::clock::Timestamp;

use super::draw::{Rgb, luma, mix};

/// Light at the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Light {
    Morning,
    Day,
    Dusk,
    Infrared,
}

impl Light {
    /// The light at `time`.
    pub(super) fn at(time: Timestamp) -> Self {
        match time.seconds().div_euclid(3600).rem_euclid(24) {
            6..=8 => Self::Morning,
            9..=16 => Self::Day,
            17..=18 => Self::Dusk,
            _ => Self::Infrared,
        }
    }

    /// Whether lamps are on.
    pub(super) const fn is_dark(self) -> bool {
        matches!(self, Self::Dusk | Self::Infrared)
    }

    /// Film grain: little light, much of it.
    pub(super) fn grain(self, base: f32) -> f32 {
        if self.is_dark() { base * 1.2 } else { base }
    }

    /// `color` of something that is only lit by the sky.
    pub(super) fn on(self, color: Rgb) -> Rgb {
        match self {
            Self::Day => color,
            Self::Morning => mix(color, [255, 214, 160], 0.10),
            Self::Dusk => mix(color, [34, 30, 58], 0.52),
            Self::Infrared => mix([luma(color); 3], [6, 7, 8], 0.74),
        }
    }

    /// `color` of something in the camera's own light.
    pub(super) fn near(self, color: Rgb) -> Rgb {
        match self {
            Self::Dusk => mix(color, [40, 36, 60], 0.30),
            // Infrared makes paint paler than it is.
            Self::Infrared => mix([luma(mix(color, [200; 3], 0.35)); 3], [0; 3], 0.22),
            other => other.on(color),
        }
    }
}
