//! Photos: proof where there is no code.

use super::Base;
use crate::app::App;
use crate::app::error::Error;
use crate::app::unit::Unit;
use crate::store::deliveries::{self, micros};
use crate::store::photos;
use crate::store::tx::Tx;
use callahead_domain::id::{CourierId, DeliveryId, PhotoId};
use entity::photo;
use uuid::Uuid;

/// Photos kept of one delivery.
const MOST_PER_DELIVERY: u64 = 10;

/// A photo on its way in, its bytes checked.
#[derive(Debug, Clone)]
pub struct NewPhoto {
    /// Of which delivery.
    pub delivery: DeliveryId,
    /// `image/jpeg` or `image/png`.
    pub content_type: &'static str,
    /// The image.
    pub bytes: Vec<u8>,
}

/// The content type an image's first bytes tell.
pub fn kind_of(bytes: &[u8]) -> Option<&'static str> {
    let begins = |magic: &[u8]| bytes.starts_with(magic);
    if begins(&[0xff, 0xd8, 0xff]) {
        Some("image/jpeg")
    } else if begins(&[0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a]) {
        Some("image/png")
    } else {
        None
    }
}

/// Keeps a photo of a delivery that is on the courier's run: it is needed before the actions that brought the courier
/// to the door are handed in.
///
/// # Errors
/// [`Error::Missing`] when the delivery is not on their run; `too_many_photos`.
pub async fn keep(app: &App, courier: CourierId, new: NewPhoto) -> Result<PhotoId, Error> {
    let base = Base::new(app, courier);
    let id = base.ids.make(PhotoId::from_parts);
    app.lanes.write(Keep { base, id, new }).await?;
    Ok(id)
}

#[derive(Debug)]
struct Keep {
    base: Base,
    id: PhotoId,
    new: NewPhoto,
}

impl Unit for Keep {
    type Output = ();

    fn key(&self) -> Uuid {
        self.new.delivery.uuid()
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        let delivery = self.new.delivery.uuid();
        let loaded = deliveries::by_id(tx.reader(), delivery).await?.ok_or(Error::Missing)?;
        if loaded.delivery.runner() != Some(self.base.courier) {
            return Err(Error::Missing);
        }
        if photos::count_of(tx.reader(), delivery).await? >= MOST_PER_DELIVERY {
            return Err(Error::rule(
                "too_many_photos",
                format!("A delivery has {MOST_PER_DELIVERY} photos at most."),
            ));
        }
        photos::insert(
            tx,
            photo::Model {
                id: self.id.uuid(),
                courier_id: self.base.courier.uuid(),
                delivery_id: delivery,
                content_type: self.new.content_type.to_owned(),
                bytes: self.new.bytes.clone(),
                created_at: micros(self.base.now),
            },
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_bytes_tell_what_an_image_is() {
        assert_eq!(kind_of(&[0xff, 0xd8, 0xff, 0xe0, 0]), Some("image/jpeg"));
        assert_eq!(kind_of(b"\x89PNG\r\n\x1a\n...."), Some("image/png"));
        assert_eq!(kind_of(b"<svg onload=alert(1)>"), None);
        assert_eq!(kind_of(b"GIF89a"), None);
        assert_eq!(kind_of(b""), None);
    }
}
