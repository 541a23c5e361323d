# Сообщения: тема, первые слова, слова на ссылке и короткая форма (до 70 знаков со ссылкой).

greeting = Здравствуйте, { $name }!
no-code-by-phone = Мы никогда не спрашиваем код по телефону. Называйте его только у своей двери.
sign-off = { $shop }, заказ { $reference }
call-the-shop = Вопросы? Телефон магазина: { $phone }
own-page = Эта ссылка только для вас. Тот, у кого она есть, может ответить за вас.

ask-subject = { $shop }: вы будете дома { $day } { $window }?
ask-lead = Вы будете дома { $day } { $window }? Без вашего ответа никто не выезжает.
ask-button = Ответить
ask-short = { $shop }: дома { $window }? { $link }

reminder-subject = { $shop }: вы будете дома { $day } { $window }? Ответа пока нет
reminder-lead = Вы ещё не ответили. Вы будете дома { $day } { $window }?
reminder-button = Ответить
reminder-short = { $shop }: ждём ответ, { $window }? { $link }

last-ask-subject = { $shop }: последний вопрос перед { $window }
last-ask-lead = Мы не смогли с вами связаться. Скажите сейчас, будете ли вы дома { $day } { $window }. Без ответа заказ может в это время не приехать.
last-ask-button = Ответить сейчас
last-ask-short = { $shop }: срочно, дома { $window }? { $link }

on-the-way-subject = { $shop }: курьер { $courier } едет к вам
on-the-way-lead = Курьер { $courier } везёт ваш заказ и приедет { $day } { $window }. Код для двери на вашей странице.
on-the-way-button = Где мой заказ
on-the-way-short = { $shop }: едем, { $window }. Код: { $link }

late-subject = { $shop }: мы опаздываем, новое время { $window }
late-lead = Мы опаздываем. Заказ приедет { $day } { $window }. Если это не подходит, выберите другое время.
late-button = Подходит, или другое время
late-short = { $shop }: позже, { $window }. { $link }

missed-subject = { $shop }: мы не застали вас в { $at }
missed-lead = Курьер { $courier } был у вашей двери в { $at } и никого не застал. Там ничего не оставили, деньги не взяты.
missed-button = Выбрать, что дальше
missed-short = { $shop }: не застали в { $at }. { $link }

handed-over-subject = { $shop }: заказ передан в { $at }
handed-over-lead = Ваш заказ передан: { $day }, { $at }. Чек на вашей странице. Это были не вы? Сразу скажите магазину.
handed-over-button = Посмотреть чек
handed-over-short = { $shop }: передан { $at }. Чек: { $link }

cancelled-subject = { $shop }: ваш заказ отменён
cancelled-lead = Заказ { $reference } отменён и не приедет. Удержанные деньги вернут.
cancelled-button = Посмотреть, что случилось
cancelled-short = { $shop }: заказ отменён. { $link }

payment-wanted-subject = { $shop }: оплата не прошла
payment-wanted-lead = Деньги за ваш заказ { $reference } не удалось удержать, или удержание кончается раньше, чем он приедет. Пока магазин не получит новую оплату, никто не едет.
payment-wanted-button = Посмотреть, что нужно
payment-wanted-short = { $shop }: нет оплаты. { $link }

courier-sign-in-code-subject = Ваш код для входа
courier-sign-in-code-lead = Ваш код для входа: { $code }. Он действует один раз и несколько минут. Вы его не просили? Тогда ничего не делайте.
courier-sign-in-code-short = Код для входа: { $code }
