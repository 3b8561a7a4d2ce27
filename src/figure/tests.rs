//! Figures from synthetic curves.

use super::*;
